// Webhooks of the payment double pass through here. They are delivered once, several times at once, late, or lost at
// first; in turns through both gateways.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from '../random';
import { pause } from '../waiting';

export type WebhookFate = 'once' | 'repeated' | 'late' | 'lost';

const PATH = '/hooks/payments/cryptobot';
const SIGNATURE = 'crypto-pay-api-signature';
const TRIES = 20;
const AGAIN_MS = 500;
const ANSWER_LIMIT_MS = 3_000;

export class WebhookRelay {
  /** So many had each fate in this run. */
  counts = noCounts();
  /** The fate of every webhook, where a step of a directed run wants it. */
  fate: WebhookFate | null = null;
  /** Fates of the next ones. */
  next: WebhookFate[] = [];
  private chance: Random | undefined;
  private readonly server: Server;

  /** `targets`: the addresses of the API through the two gateways. */
  constructor(private readonly targets: readonly string[]) {
    this.server = createServer((req, res) => this.receive(req, res));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** For the next run. */
  reset(chance: Random): void {
    this.chance = chance;
    this.counts = noCounts();
    this.fate = null;
    this.next = [];
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private receive(req: IncomingMessage, res: ServerResponse): void {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => void this.pass(Buffer.concat(chunks), String(req.headers[SIGNATURE]), res));
  }

  private async pass(body: Buffer, signature: string, res: ServerResponse): Promise<void> {
    const fate = this.fate ?? this.next.shift() ?? this.drawn();
    if (fate === 'lost') {
      this.counts.lost += 1;
      res.writeHead(502).end();
      return;
    }
    res.writeHead(200).end();
    if (fate === 'late') await pause(this.chance?.between(1_000, 3_000) ?? 0);
    this.counts[fate] += 1;
    const times = fate === 'repeated' ? 3 : 1;
    await Promise.all(Array.from({ length: times }, (_, i) => this.deliver(body, signature, i)));
  }

  private drawn(): WebhookFate {
    return (
      this.chance?.weighted<WebhookFate>([
        [4, 'once'],
        [3, 'repeated'],
        [2, 'late'],
        [1, 'lost'],
      ]) ?? 'once'
    );
  }

  private async deliver(body: Buffer, signature: string, turn: number): Promise<void> {
    const url = `${this.targets[turn % this.targets.length]}${PATH}`;
    const headers = { 'content-type': 'application/json', [SIGNATURE]: signature };
    for (let tries = 0; tries < TRIES; tries += 1) {
      try {
        const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
        const answer = await fetch(url, { method: 'POST', headers, body, signal });
        await answer.body?.cancel();
        if (answer.ok) return;
      } catch {
        // The next try follows; the poller is there for what never arrives.
      }
      await pause(AGAIN_MS);
    }
  }
}

function noCounts(): Record<WebhookFate, number> {
  return { once: 0, repeated: 0, late: 0, lost: 0 };
}
