// Requests to URLs of customers. The host is looked up once for each request, every answer is judged, and the
// connection goes to a judged address and to no other. No redirect is followed; no proxy, cookie or connection of
// before is used.
import { Client } from 'undici';
import { plainAddress } from '../../ground/addresses';
import { elapsedMs, inTime } from '../../ground/runtime';
import type { Reading } from '../../ground/contract';
import { readCustomerUrl, type CustomerUrl } from './customer-url';
import { judgeOf, type Judge } from './judge';
import { Lookup, type Finding } from './lookup';
import { readNetworks, type Networks } from './networks';
import { connectingTo } from './judged-connect';
import { failureOf, type Failure } from './outbound-failure';
import { ownAddresses } from './own-addresses';
import type { Resolver } from './resolver';

export interface OutboundOptions {
  readonly resolver: Resolver;
  /** `WEBHOOK_ALLOW_NETWORKS`: lifts the rules of scheme, port and address for these. */
  readonly networks: string;
  /** Of certificates, beside those of the machine. For tests. */
  readonly ca?: string;
}

export interface OutboundRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** From connecting to the last byte of the answer. Before it a name is looked up within the same time. */
  readonly timeoutMs: number;
}

export type Outcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | null;
      /** At most 64 KiB; the rest was not read. */
      readonly answer: Buffer;
    }
  | { readonly kind: 'failed'; readonly error: Failure };

const ANSWER_MAX = 64 * 1024;
const HTTPS_PORT = 443;
const FIRST_FREE_PORT = 1_024;
const PORTS = { has: (port: number) => port !== HTTPS_PORT && port < FIRST_FREE_PORT };
const NOT_FOUND = { refusal: 'dns_timeout' } as const;
const NOT_PUBLIC = 'must lead to the public internet, and to no address of this service';

export class Outbound {
  private readonly secure: Lookup;
  private readonly plain: Lookup;
  private readonly networks: Networks;

  constructor(private readonly options: OutboundOptions) {
    const { resolver } = options;
    const { value: networks, reason } = readNetworks(options.networks);
    if (networks === undefined) throw new Error(`the networks ${reason}`);
    this.networks = networks;
    const isOwn = (address: string): boolean => ownAddresses().has(address);
    const allowed = { text: '', has: (address: string) => networks.has(address) };
    this.secure = new Lookup(resolver, judgeOf({ refused: PORTS, allowed, isOwn }));
    const onlyAllowed: Judge = (address) => (networks.has(address) ? null : 'address');
    this.plain = new Lookup(resolver, onlyAllowed);
  }

  /** The URL as it is kept; or why it is refused. A name that does not resolve now may resolve later. */
  async read(text: string): Promise<Reading<string>> {
    const { value: url, reason } = readCustomerUrl(text);
    if (url === undefined) return { reason };
    const finding = await this.find(url);
    if ('addresses' in finding) return { value: url.href };
    if (!url.isSecure) return { reason: 'must begin with https://' };
    if (PORTS.has(url.target.port) && (this.networks.isEmpty || !isUnknown(finding)))
      return { reason: 'must have port 443, or one from 1024 to 65535' };
    return isUnknown(finding) ? { value: url.href } : { reason: NOT_PUBLIC };
  }

  /** Never rejects. Errors are codes, without address and without a sentence of a library. */
  async post(text: string, request: OutboundRequest): Promise<Outcome> {
    const { value: url } = readCustomerUrl(text);
    if (url === undefined) return { kind: 'failed', error: 'address_not_allowed' };
    const finding = await inTime(request.timeoutMs, this.find(url)).catch(() => NOT_FOUND);
    if (!('addresses' in finding))
      return { kind: 'failed', error: isUnknown(finding) ? 'name_not_found' : 'address_not_allowed' };
    return this.send(url, finding.addresses.map(plainAddress), request);
  }

  private find(url: CustomerUrl): Promise<Finding> {
    return (url.isSecure ? this.secure : this.plain).find(url.target, [4, 6]);
  }

  private async send(url: CustomerUrl, addresses: readonly string[], request: OutboundRequest): Promise<Outcome> {
    const { origin, pathname, search } = new URL(url.href);
    const { ca } = this.options;
    const untilMs = elapsedMs() + request.timeoutMs;
    const limit = AbortSignal.timeout(request.timeoutMs);
    const client = new Client(origin, {
      connect: connectingTo(addresses, { timeoutMs: request.timeoutMs, ...(ca === undefined ? {} : { ca }) }),
      // The limit above is for everything together.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    try {
      const { statusCode, headers, body } = await client.request({
        method: 'POST',
        path: `${pathname}${search}`,
        headers: request.headers,
        body: request.body,
        reset: true,
        signal: limit,
      });
      const answer = await firstBytes(body);
      const { 'retry-after': retryAfter } = headers;
      return {
        kind: 'answered',
        status: statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
        answer,
      };
    } catch (err) {
      return { kind: 'failed', error: limit.aborted || elapsedMs() >= untilMs ? 'timeout' : failureOf(err) };
    } finally {
      client.destroy().catch(() => undefined); // its connection is of no further use
    }
  }
}

function isUnknown(finding: Finding): boolean {
  return 'refusal' in finding && (finding.refusal === 'dns' || finding.refusal === 'dns_timeout');
}

async function firstBytes(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size >= ANSWER_MAX) break;
  }
  return Buffer.concat(parts).subarray(0, ANSWER_MAX);
}
