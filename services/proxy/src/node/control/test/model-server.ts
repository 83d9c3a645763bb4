// The model of the service behind a port, with a feed that tests write, and faults that they order.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registration } from '../../../nodes/protocol';
import type { ExchangeBody } from '../service-link';
import { ModelService } from './model-service';

/** `before`: the request is not served; `after`: it is, and the answer is lost. */
export type Fault = 'before' | 'after' | 'unavailable' | null;

export interface WireChange {
  readonly number: number;
  readonly right: { readonly subject: string; readonly [field: string]: unknown };
}

const EVERY_MS = 5;

export class ModelServer {
  readonly model = new ModelService();
  readonly asked: string[] = [];
  readonly confirmed: number[] = [];
  changes: WireChange[] = [];
  pools: object | null = null;
  pageSize = 1_000;
  key = Buffer.from('key').toString('base64');
  fault: (path: string) => Fault = () => null;
  drainS: number | null = null;
  /** Answers a question for changes at once, whether or not there are any. */
  isHasty = false;
  private server: http.Server | null = null;

  constructor(private readonly token = 'a-token-of-twenty-letters') {}

  /** On a port of loopback, or on the socket of a path. */
  async open(at: number | string = 0): Promise<string> {
    this.server = http.createServer((req, res) => {
      this.serve(req, res).catch(() => res.destroy());
    });
    if (typeof at === 'string') this.server.listen(at);
    else this.server.listen(at, '127.0.0.1');
    await once(this.server, 'listening');
    if (typeof at === 'string') return at;
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  private async serve(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://model');
    const [, , , node = '', action = ''] = url.pathname.split('/');
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    this.asked.push(action);
    const fault = this.fault(action);
    if (fault === 'before') return void res.destroy();
    if (fault === 'unavailable') return void res.writeHead(503).end();
    if (req.headers.authorization !== `Bearer ${this.token}`) return void res.writeHead(401).end();
    if (req.headers['lumi-node-protocol'] !== '1') return void res.writeHead(426).end();
    const body: unknown = parts.length === 0 ? null : JSON.parse(Buffer.concat(parts).toString());
    const [status, answer] = action === 'access' ? await this.access(url, res) : this.act(node, action, body);
    if (fault === 'after') return void res.destroy();
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
  }

  private act(node: string, action: string, body: unknown): [number, object] {
    const now = new Date().toISOString();
    if (action === 'register') return [200, { ...this.model.register(node, body as Registration), now, key: this.key }];
    if (action === 'leave') {
      this.model.leave(node, (body as { epoch: number }).epoch);
      return [200, {}];
    }
    const batch = body as ExchangeBody;
    const answer = this.model.exchange(node, batch);
    if (answer.kind === 'taken') return [200, { seq: batch.seq, now, leases: answer.leases, drain_s: this.drainS }];
    return [409, answer.kind === 'gap' ? { expected: answer.expected } : { closed: true, seq: answer.seq }];
  }

  private async access(url: URL, res: http.ServerResponse): Promise<[number, object]> {
    const after = Number(url.searchParams.get('after'));
    const endsAt = performance.now() + Number(url.searchParams.get('wait')) * 1_000;
    if (!url.searchParams.has('whole')) this.confirmed.push(after);
    const isWhole = after === 0 || url.searchParams.has('whole');
    const fresh = (): readonly WireChange[] => this.changes.filter(({ number }) => number > after);
    while (!isWhole && !this.isHasty && fresh().length === 0 && performance.now() < endsAt && !res.destroyed)
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    const found = fresh();
    const page = isWhole ? found.slice(0, this.pageSize) : found;
    const number = Math.max(after, ...page.map((change) => change.number));
    return [
      200,
      {
        number,
        now: new Date().toISOString(),
        is_whole: isWhole,
        is_more: page.length < found.length,
        key: this.key,
        rights: page.map(({ right }) => right),
        pools: after === 0 ? this.pools : null,
        nodes: ['192.0.2.77'],
      },
    ];
  }
}

export function wireRight(subject: string, more: object = {}): WireChange['right'] {
  return {
    subject,
    kind: 'plan',
    account_id: 'acc_1',
    is_enabled: true,
    suspended_for: null,
    logins: [{ name: `user-${subject}`, digest: 'ZGlnZXN0', until: null }],
    blocks: [],
    port: null,
    protocol: 'both',
    exits: { kind: 'pool', pool: 'residential' },
    rotation_s: null,
    valid_until: '2099-01-01T00:00:00Z',
    concurrency: 100,
    bandwidth_bps: null,
    is_metered: true,
    blocked_domains: [],
    allowed_domains: null,
    ...more,
  };
}
