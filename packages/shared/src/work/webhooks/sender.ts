// Sends what is due to endpoints. A round is one statement: it notes the results of the attempts that have ended, makes
// deliveries of new events and leases the next ones (sql/webhook_round.sql). Between rounds the attempts run. A worker
// that dies leaves leases that end by themselves, and another worker repeats those attempts.
import { newId } from '../../ground/contract';
import { elapsedMs } from '../../ground/runtime';
import { sql } from '../../base/db';
import type { Outcome } from '../../base/egress';
import { counter, timer } from '../../base/monitoring';
import { eventBodies } from '../../counter/account';
import type { WebhookDeps } from './deps';
import { retryAfterS } from './retry-after';
import { signedHeaders } from './secret';

const IN_FLIGHT_MAX = 100;
/** Endpoints that are new, fail or are slow share this many, so that they leave room for the others. */
const DOUBTFUL_MAX = 50;
/** The longest wait of a round for attempts of its own. */
const PAUSE_MS = 200;
/** A name is looked up, and an attempt made, each within WEBHOOK_TIMEOUT_MS. The rest is for the database. */
const LEASE_RESERVE_MS = 3_000;
/** An attempt that begins later after its lease is left to another worker. */
const LATE_MS = 1_500;
/** A stop waits for attempts so long; then their leases end. */
const DRAIN_MS = 10_000;
const BODY_MAX = 20 * 1024;
const ANSWER_MAX = 4 * 1024;

const attempts = counter('lumi_webhook_attempts_total', 'Attempts to deliver a webhook.', ['product', 'outcome']);
const disabled = counter('lumi_webhooks_disabled_total', 'Endpoints that the worker switched off.', ['product']);
const lag = timer('lumi_webhook_lag_seconds', 'From an event to its first attempt at an endpoint.', ['product']);

interface Leased {
  readonly webhook_id: string;
  readonly delivery_id: string;
  readonly event_id: string;
  readonly test_body: string | null;
  readonly attempt: number;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly old_secret: Uint8Array | null;
  readonly is_doubtful: boolean;
  readonly event_at: Date;
}

interface Result {
  readonly webhook_id: string;
  readonly id: string;
  readonly attempt: number;
  readonly at: string;
  readonly ms: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly answer: string | null;
  readonly retry_after_s: number | null;
}

export class WebhookSender {
  private readonly worker: string;
  private readonly inFlight = new Map<string, Leased>();
  private results: Result[] = [];
  private wake: () => void = () => undefined;
  private isDraining = false;

  constructor(private readonly deps: WebhookDeps) {
    this.worker = newId('job', deps.clock.nowMs());
  }

  /** True: there is more to do now. */
  async round(): Promise<boolean> {
    const noted = this.results.splice(0, IN_FLIGHT_MAX);
    const takenMs = elapsedMs();
    let leased: readonly Leased[];
    try {
      leased = await this.take(noted);
    } catch (err) {
      this.results.unshift(...noted); // their leases last a while
      throw err;
    }
    for (const { error } of noted) this.count(error === null);
    if (noted.some(({ error }) => error !== null)) await this.switchOff();
    if (leased.length > 0) await this.begin(leased, takenMs);
    if (this.inFlight.size > 0 && this.results.length === 0) await this.ended();
    return this.inFlight.size > 0 || this.results.length > 0 || leased.length > 0;
  }

  /** Switches off the endpoints that are to be, one after the other. */
  async switchOff(): Promise<void> {
    const { db, product, clock } = this.deps;
    for (let i = 0; i < IN_FLIGHT_MAX; i += 1) {
      // Raw SQL: a function.
      const [row] = await db.direct.$queryRaw<{ was_one: boolean }[]>(
        sql`SELECT platform.webhook_next_off(${product}, ${newId('evt', clock.nowMs())}) AS was_one`,
      );
      if (row?.was_one !== true) return;
      disabled.of({ product }).add();
    }
  }

  /** Ends the attempts under way, and notes their results. */
  async drain(): Promise<void> {
    this.isDraining = true;
    const untilMs = elapsedMs() + DRAIN_MS;
    while (this.inFlight.size > 0 && elapsedMs() < untilMs) await this.ended();
    while (this.results.length > 0) await this.take(this.results.splice(0, IN_FLIGHT_MAX));
  }

  private async take(noted: readonly Result[]): Promise<readonly Leased[]> {
    const { db, product, config, clock } = this.deps;
    const leaseMs = 2 * config.WEBHOOK_TIMEOUT_MS + LEASE_RESERVE_MS;
    const room = this.isDraining ? 0 : IN_FLIGHT_MAX - this.inFlight.size - this.results.length;
    const doubtful = [...this.inFlight.values()].filter((one) => one.is_doubtful).length;
    // Raw SQL: a function.
    return db.direct.$queryRaw<Leased[]>(sql`
      SELECT webhook_id, delivery_id, event_id, test_body, attempt, url, secret, old_secret, is_doubtful, event_at
      FROM platform.webhook_round(${product}, ${this.worker}, ${JSON.stringify(noted)}::jsonb,
        ${[...config.WEBHOOK_RETRY_S]}::int[], ${room}::int, ${Math.max(0, DOUBTFUL_MAX - doubtful)}::int,
        ${leaseMs}::int, ${clock.now()}::timestamptz)`);
  }

  private async begin(leased: readonly Leased[], takenMs: number): Promise<void> {
    const { db } = this.deps;
    const ids = leased.flatMap(({ test_body, event_id }) => (test_body === null ? [event_id] : []));
    const bodies = await eventBodies(db.direct, ids);
    for (const one of leased) {
      if (elapsedMs() - takenMs > LATE_MS) return; // its lease may end before its attempt does
      const key = `${one.webhook_id} ${one.delivery_id}`;
      this.inFlight.set(key, one);
      void this.attempt(one, one.test_body ?? bodies.get(one.event_id) ?? null).then((result) => {
        this.inFlight.delete(key);
        this.results.push(result);
        this.wake();
      });
    }
  }

  /** Never rejects. */
  private async attempt(one: Leased, body: string | null): Promise<Result> {
    const { clock, outbound, config, log, product } = this.deps;
    const at = clock.now();
    const beganMs = elapsedMs();
    if (one.attempt === 1 && one.test_body === null)
      lag.of({ product }).seconds(Math.max(0, at.getTime() - one.event_at.getTime()) / 1_000);
    const ended = (outcome: Partial<Result>): Result => ({
      webhook_id: one.webhook_id,
      id: one.delivery_id,
      attempt: one.attempt,
      at: at.toISOString(),
      ms: Math.round(elapsedMs() - beganMs),
      status: null,
      error: null,
      answer: null,
      retry_after_s: null,
      ...outcome,
    });
    if (body === null) return ended({ error: 'event_not_kept' });
    const bytes = Buffer.from(body, 'utf8');
    if (bytes.length > BODY_MAX) return ended({ error: 'event_too_large' });
    try {
      const secrets = one.old_secret === null ? [one.secret] : [one.secret, one.old_secret];
      const signed = { id: one.event_id, body: bytes, atMs: at.getTime(), secrets };
      const outcome = await outbound.post(one.url, {
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Lumi-Webhooks/1',
          ...signedHeaders(config.SECRET_RING, one.webhook_id, signed),
        },
        body: bytes,
        timeoutMs: config.WEBHOOK_TIMEOUT_MS,
      });
      return ended(resultOf(outcome, at.getTime()));
    } catch (err) {
      // A secret of a key that is no longer in the ring.
      log.error('a webhook could not be signed', { webhook: one.webhook_id, err });
      return ended({ error: 'not_signed' });
    }
  }

  private ended(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private count(isGood: boolean): void {
    attempts.of({ product: this.deps.product, outcome: isGood ? 'delivered' : 'failed' }).add();
  }
}

function resultOf(outcome: Outcome, nowMs: number): Partial<Result> {
  if (outcome.kind === 'failed') return { error: outcome.error };
  const { status, retryAfter } = outcome;
  const isGood = status >= 200 && status <= 299;
  return {
    status,
    error: isGood ? null : status >= 300 && status <= 399 ? 'redirect' : 'http_status',
    // A text of PostgreSQL holds no NUL.
    answer: outcome.answer.subarray(0, ANSWER_MAX).toString('utf8').replaceAll('\0', '\uFFFD'),
    retry_after_s: retryAfterS(status, retryAfter, nowMs),
  };
}
