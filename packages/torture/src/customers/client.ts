// What a customer does and remembers: every request with every answer to it, or that there was none. Loopback only,
// bounded in number and time.
import { BASE_PATHS } from '@lumi/shared/contract';
import { Pool } from 'undici';
import type { Buyer } from '../system/accounts';
import type { Answer } from './answer';

const ANSWER_LIMIT_MS = 4_500;
/**
 * So that a loop without an end is found. A fast machine sends a hundred in a second for up to 90 seconds, and its
 * money requests once more when they are judged.
 */
const REQUESTS_MAX = 20_000;
const SHOWN = 6;

/** One sending of a request through one of the gateways, and its answer. */
export interface Send {
  readonly gateway: number;
  /** ok, fail (an answer that refuses) or unknown. */
  kind: 'ok' | 'fail' | 'unknown';
  status?: number;
  bytes?: Buffer;
  json?: Answer | null;
  isReplay?: boolean;
  /** How long to wait before asking again. */
  retryAfterS?: number;
  /** Why there is no answer. */
  error?: string;
}

/** What a request is for. */
export interface About {
  readonly what: string;
  readonly reference?: string;
  readonly domain?: string;
  /** Of the items of a bulk. */
  readonly refs?: readonly string[];
  /** Its key was used before, for something else. */
  readonly isOther?: boolean;
}

/** As it can be repeated: same key, same bytes. Without a buyer `path` is the whole path. */
export interface CustomerRequest {
  readonly buyer: Buyer | null;
  readonly method: string;
  readonly path: string;
  readonly body?: string | undefined;
  readonly key?: string | undefined;
  readonly about: About;
  readonly sends: Send[];
}

export type BuyerRequest = CustomerRequest & { readonly buyer: Buyer };

export interface RequestOptions<B extends Buyer | null> {
  readonly buyer: B;
  readonly method?: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly key?: string;
  readonly about: About;
}

/** Something an answer said that can never become untrue; `broken`: something that must never be said. */
export type Fact =
  | { readonly kind: 'broken'; readonly text: string }
  | {
      readonly kind: 'order';
      readonly id: string;
      readonly state: string | null;
      readonly captured?: string | undefined;
    }
  | { readonly kind: 'paid' | 'credited'; readonly id: string }
  | { readonly kind: 'decided'; readonly id: string; readonly state: readonly string[] }
  | { readonly kind: 'renews'; readonly domain: string; readonly from: Date }
  | { readonly kind: 'aged'; readonly id: string; until: number };
type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** All that was asked and answered in a run. */
export class History {
  readonly requests: CustomerRequest[] = [];
  readonly facts: Fact[] = [];
  /** Batches that a customer knows of: whose, and the refs of their items. */
  readonly batches = new Map<string, { readonly buyer: Buyer; readonly refs: readonly string[] }>();
  /** Interesting things that customers met. */
  readonly reached = new Set<string>();

  request<B extends Buyer | null>(options: RequestOptions<B>): CustomerRequest & { readonly buyer: B } {
    const { body, method = 'POST', ...rest } = options;
    const request = { ...rest, method, body: body === undefined ? undefined : JSON.stringify(body), sends: [] };
    this.requests.push(request);
    return request;
  }

  fact(fact: Fact): void {
    this.facts.push(fact);
  }

  factsOf<K extends Fact['kind']>(kind: K): FactOf<K>[] {
    return this.facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
  }
}

/** What nobody has to remember: a look, or a request that is judged at once. */
export function unremembered(options: Omit<RequestOptions<Buyer>, 'about'>): BuyerRequest {
  return new History().request({ ...options, about: { what: 'look' } });
}

/** The gateways, as customers reach them. */
export class GatewayClient {
  sent = 0;
  private readonly counts = new Map<string, number>();
  private others = 0;
  private readonly pools: readonly Pool[];

  /** `answerLimitMs`: how long a customer waits. */
  constructor(
    origins: readonly string[],
    private readonly answerLimitMs = ANSWER_LIMIT_MS,
  ) {
    this.pools = origins.map((origin) => {
      if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(origin)) throw new Error('the workload is sent to loopback only');
      return new Pool(origin, {
        connections: 24,
        pipelining: 1,
        headersTimeout: answerLimitMs,
        bodyTimeout: answerLimitMs,
        connectTimeout: 2_000,
        keepAliveTimeout: 2_000,
      });
    });
  }

  get count(): number {
    return this.pools.length;
  }

  /** Sends it once and notes the answer: through the first gateway (0), or through the others in turn (1). */
  send(request: CustomerRequest, way: number): Promise<Send> {
    if (way === 0) return this.sendThrough(request, 0);
    this.others += 1;
    return this.sendThrough(request, 1 + (this.others % (this.count - 1)));
  }

  async sendThrough(request: CustomerRequest, gateway: number): Promise<Send> {
    this.sent += 1;
    const kind = `${request.about.what} ${request.method} ${request.path.replace(/[^/]*\d[^/?]*/g, '…').slice(0, 60)}`;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (this.sent > REQUESTS_MAX) throw new Error(`more than ${REQUESTS_MAX} requests in one run${this.mostSent()}`);
    const send: Send = { gateway, kind: 'unknown' };
    request.sends.push(send);
    const pool = this.pools[gateway];
    if (pool === undefined) throw new Error(`there is no gateway ${gateway}`);
    const { buyer, key, body } = request;
    try {
      const answer = await pool.request({
        path: buyer === null ? request.path : `${BASE_PATHS[buyer.product]}${request.path}`,
        method: request.method,
        headers: {
          ...(buyer === null ? {} : { authorization: `Bearer ${buyer.key}` }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(this.answerLimitMs),
      });
      send.bytes = Buffer.from(await answer.body.arrayBuffer());
      send.status = answer.statusCode;
      send.isReplay = answer.headers['idempotent-replayed'] === 'true';
      const retryAfter = Number(answer.headers['retry-after']);
      if (retryAfter > 0) send.retryAfterS = retryAfter;
      const isJson = String(answer.headers['content-type'] ?? '').includes('json');
      send.json = isJson ? (JSON.parse(send.bytes.toString()) as Answer) : null;
      send.kind = kindOf(send.status, send.json);
    } catch (err) {
      const { code, name } = err as { code?: string; name: string };
      send.error = code ?? name;
    }
    return send;
  }

  private mostSent(): string {
    const most = [...this.counts].sort((one, other) => other[1] - one[1]).slice(0, SHOWN);
    return `; most of them:\n${most.map(([kind, count]) => `  ${count} × ${kind}`).join('\n')}`;
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }
}

function kindOf(status: number, json: Answer | null): Send['kind'] {
  if (status < 400) return 'ok';
  return status >= 500 && json?.error?.code !== 'supplier_error' ? 'unknown' : 'fail';
}

export function codeOf(send: Send): string | undefined {
  return send.json?.error?.code;
}
