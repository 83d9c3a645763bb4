// A server between a client and the gateway that misbehaves as a test wants it, request by request, and counts.
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `reset`: closed before anything is passed on. `lose`: passed on, and the answer is never sent. `cut`: half of the
 * answer. `hold`: passed on, and the answer is kept back. A number: this status, and nothing is passed on.
 */
export type Fault = 'reset' | 'lose' | 'cut' | 'hold' | 429 | 503 | 409 | 'pass';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly idempotencyKey: string | undefined;
  readonly body: string;
}

const CODES = { 429: 'rate_limited', 503: 'service_unavailable', 409: 'in_progress' } as const;

export class Relay {
  readonly seen: Seen[] = [];
  /** For the next requests, in turn; then all pass. */
  faults: Fault[] = [];
  private readonly server = http.createServer((req, res) => void this.handle(req, res));

  constructor(private readonly target: () => string) {}

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const key = req.headers['idempotency-key'];
    this.seen.push({
      method: req.method ?? '',
      url: req.url ?? '',
      idempotencyKey: typeof key === 'string' ? key : undefined,
      body: body.toString(),
    });
    const fault = this.faults.shift() ?? 'pass';
    if (fault === 'reset') return void req.socket.destroy();
    if (typeof fault === 'number') {
      res.writeHead(fault, { 'content-type': 'application/json', 'retry-after': '0' });
      return void res.end(
        JSON.stringify({ error: { code: CODES[fault], message: 'From the relay.', request_id: 'r' } }),
      );
    }
    const answer = await this.passOn(req, body);
    if (fault === 'lose') return void req.socket.destroy();
    if (fault === 'hold') return;
    res.writeHead(answer.status, answer.headers);
    if (fault === 'pass') return void res.end(answer.body);
    res.write(answer.body.subarray(0, answer.body.length / 2), () => req.socket.destroy());
  }

  private passOn(
    req: http.IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const { connection: _hop, ...headers } = req.headers;
      const onward = http.request(
        `${this.target()}${req.url ?? ''}`,
        { method: req.method, headers, agent: false },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const { connection: _end, 'transfer-encoding': _chunked, ...headers } = answer.headers;
            resolve({ status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
          });
        },
      );
      onward.on('error', reject);
      onward.end(body);
    });
  }
}
