// The client of one product's service: a bounded pool of connections, a bound on requests in flight, and a circuit
// breaker. A dead service is a quick 503 for its own product and does not affect the others.
import { Pool, type Dispatcher } from 'undici';
import { AppError, type Product } from '@lumi/shared/contract';
import { serviceLookup, type Clock } from '@lumi/shared/runtime';
import { FairQueue } from './fair-queue';

export interface ServiceClientOptions {
  readonly product: Product;
  readonly origin: string;
  readonly clock: Clock;
  readonly connections: number;
  readonly inFlightMax: number;
  readonly perKeyMax: number;
  readonly waitingPerKeyMax: number;
  readonly timeoutMs: number;
}

/**
 * Long polls, which the service holds open on purpose, have separate connections and places, so that they do not block
 * other requests.
 */
export type Line = 'usual' | 'held-back';

/** A long poll costs a connection and little else, and lasts up to half a minute. */
const HELD_BACK_CONNECTIONS = 512;
const CONNECT_TIMEOUT_MS = 2_000;
/**
 * Shorter than STOP_DELAY_MS of the services: a service that stops ends each connection with its next answer, and what
 * has had no request for so long is closed from here, so that no request is written into a connection that is being
 * closed.
 */
const IDLE_MS = 2_000;
const DOCUMENT_TIMEOUT_MS = 5_000;
const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;
/** This many connection failures in a row open the breaker … */
const FAILURES_MAX = 5;
/** … for this long; then one request may try again. */
const OPEN_MS = 1_000;
const RETRY_AFTER_S = 2;

export class ServiceClient {
  readonly queues: Readonly<Record<Line, FairQueue>>;
  private readonly pools: Readonly<Record<Line, Pool>>;
  private inFlight = 0;
  private failures = 0;
  private openUntilMs = 0;

  constructor(private readonly options: ServiceClientOptions) {
    const { clock, connections, perKeyMax, waitingPerKeyMax, inFlightMax } = options;
    // Half of what may be in flight stays for other requests.
    const heldBack = Math.min(HELD_BACK_CONNECTIONS, Math.ceil(inFlightMax / 2));
    const queue = (inWorkMax: number): FairQueue =>
      new FairQueue({ clock, inWorkMax, perKeyMax, waitingPerKeyMax, waitingMax: inFlightMax });
    this.queues = { usual: queue(connections), 'held-back': queue(heldBack) };
    const lookup = serviceLookup();
    const pool = (most: number): Pool =>
      new Pool(options.origin, {
        connections: most,
        pipelining: 1,
        connect: { timeout: CONNECT_TIMEOUT_MS, lookup },
        headersTimeout: options.timeoutMs,
        bodyTimeout: options.timeoutMs,
        keepAliveTimeout: IDLE_MS,
        keepAliveMaxTimeout: IDLE_MS,
        maxHeaderSize: 32_768,
      });
    this.pools = { usual: pool(connections), 'held-back': pool(heldBack) };
  }

  get inWork(): number {
    return this.inFlight;
  }

  get waiting(): number {
    return this.queues.usual.waitingNow + this.queues['held-back'].waitingNow;
  }

  /** The breaker is open. */
  get isBroken(): boolean {
    return this.failures >= FAILURES_MAX;
  }

  /**
   * Takes a place for one request. Throws 503 when the service is down or has too much to do. Call `leave` afterwards.
   */
  enter(): void {
    if (this.failures >= FAILURES_MAX) {
      const nowMs = this.options.clock.nowMs();
      if (nowMs < this.openUntilMs) throw unavailable();
      this.openUntilMs = nowMs + OPEN_MS; // this one may try; the others wait for its result
    }
    if (this.inFlight >= this.options.inFlightMax)
      throw new AppError('service_unavailable', undefined, { retryAfterS: 1 });
    this.inFlight += 1;
  }

  leave(outcome: 'answered' | 'not-reached' | 'other'): void {
    this.inFlight -= 1;
    if (outcome === 'answered') this.failures = 0;
    if (outcome === 'not-reached') {
      this.failures += 1;
      if (this.failures >= FAILURES_MAX) this.openUntilMs = this.options.clock.nowMs() + OPEN_MS;
    }
  }

  dispatch(line: Line, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.pools[line].dispatch(options, handler);
  }

  /** A small JSON document, for the gateway's own use. Null text: not changed. */
  async fetchDocument(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ text: string | null; etag: string | null }> {
    const answer = await this.pools.usual.request({
      path,
      method: 'GET',
      headers,
      headersTimeout: DOCUMENT_TIMEOUT_MS,
      bodyTimeout: DOCUMENT_TIMEOUT_MS,
    });
    const etag = typeof answer.headers.etag === 'string' ? answer.headers.etag : null;
    if (answer.statusCode !== 200) {
      await answer.body.dump({ limit: DOCUMENT_BYTES_MAX });
      if (answer.statusCode === 304) return { text: null, etag };
      throw new Error(`the service answered ${String(answer.statusCode)}`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body) {
      const bytes = chunk as Buffer; // a body without encoding yields buffers
      size += bytes.length;
      if (size > DOCUMENT_BYTES_MAX) throw new Error('the document is too large');
      chunks.push(bytes);
    }
    return { text: Buffer.concat(chunks).toString('utf8'), etag };
  }

  async close(): Promise<void> {
    for (const queue of Object.values(this.queues)) queue.stop();
    await Promise.all(Object.values(this.pools).map((pool) => pool.destroy()));
  }
}

export function unavailable(cause?: unknown): AppError {
  return new AppError('service_unavailable', undefined, {
    retryAfterS: RETRY_AFTER_S,
    ...(cause === undefined ? {} : { cause }),
  });
}
