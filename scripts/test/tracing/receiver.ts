// A receiver of traces, as a collector: OTLP over HTTP, in JSON.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}
interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** A receiver; `isStuck`: it takes requests and never answers. */
export class Receiver {
  readonly spans: Span[] = [];
  readonly bodies: string[] = [];
  readonly headers: (string | undefined)[] = [];
  isStuck = false;
  private readonly server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (this.isStuck) return;
      const text = Buffer.concat(chunks).toString('utf8');
      this.bodies.push(text);
      this.headers.push(req.headers['x-receiver-key'] as string | undefined); // one line
      const sent = JSON.parse(text) as Export; // OTLP
      this.spans.push(...sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      res.setHeader('content-type', 'application/json').end('{}');
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`; // it listens on TCP
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  named(name: string | RegExp): Span[] {
    return this.spans.filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
  }
}

export const valueOf = ({ attributes }: Span, name: string): string | number | undefined => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};
