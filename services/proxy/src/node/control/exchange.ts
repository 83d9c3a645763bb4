// The exchange with the service: what was used goes there, leases come back. A process of the node is an epoch, and its
// batches have numbers, so that each is billed once: a batch is frozen and written to the journal before it is sent,
// stays as it is until it is answered, and is sent again after a lost answer. What grows meanwhile is the next one's.
// A new process first sends what the last one left, under that one's epoch, and then registers.
import { counter } from '@lumi/shared/monitoring';
import { elapsedMs, type Log } from '@lumi/shared/runtime';
import type { Batch, Books, Journal } from './journal';
import type { Leases } from './leases';
import type { Notes } from './notes';
import type { Registration } from '../../nodes/protocol';
import type { ServiceLink, Want } from './service-link';
import { merged, type UsageLines } from './usage-lines';
import type { Registered } from './wire';

/** Of one batch: about 5 MB. */
const LINES_MAX = 20_000;
/** A node that has nothing to say speaks up so often, so that the service knows it is there. */
const QUIET_MS = 3_000;
/** Batches that a predecessor may have left, and some more. */
const LEFT_MAX = 100;

const lostBytes = counter('lumi_node_lost_bytes_total', 'Bytes that were counted and could not be billed.', ['why']);

export interface ExchangeParts {
  readonly link: ServiceLink;
  readonly journal: Journal;
  readonly lines: UsageLines;
  readonly leases: Leases;
  readonly notes: Notes;
  readonly log: Log;
  readonly registration: () => Registration;
  readonly connections: () => number;
  readonly onDrain: (seconds: number) => void;
  readonly onRegistered: (answer: Registered) => void;
  /** The service's clock said `nowMs`, and its answer took `tookMs`. */
  readonly onClock: (nowMs: number, tookMs: number) => void;
}

export class Exchange {
  private books: Books = { epoch: 0, seq: 0, frozen: null, pending: [] };
  private wants: readonly Want[] = [];
  private isRegistered = false;
  /** The epoch of the books is over: nothing more is sent under it. */
  private isClosed = false;
  private sentAtMs = elapsedMs();
  private sentBytes = 0;

  constructor(private readonly parts: ExchangeParts) {}

  /** What the last process left. */
  async load(): Promise<void> {
    this.books = (await this.parts.journal.read()) ?? this.books;
  }

  get isOpen(): boolean {
    return this.isRegistered;
  }

  /** The next step begins a new epoch, after the last batches of this one. */
  registerAnew(): void {
    this.parts.leases.reset();
    this.isRegistered = false;
  }

  /** One exchange, or what comes before it. Rejects with a ServiceFault when the service does not do its part. */
  async step(): Promise<void> {
    if (!this.isRegistered) {
      await this.sendLeft();
      await this.register();
    }
    this.collect();
    if (this.isQuiet()) return;
    if (this.books.frozen === null) this.freeze(this.parts.leases.wishes());
    await this.save();
    await this.send();
  }

  /** Writes to the journal what was counted until now. */
  async save(): Promise<void> {
    this.collect();
    // Before the first registration there is no epoch, and nothing that a successor could send.
    if (this.books.epoch === 0) return;
    try {
      await this.parts.journal.write(this.books);
    } catch (err) {
      // Sent without it, a batch is still billed once; a kill would lose more than a second's.
      this.parts.log.error('the journal of usage cannot be written', { err });
    }
  }

  /** The last batches, then the end of the epoch. Rejects when the service is away; a successor sends the rest. */
  async leave(): Promise<void> {
    if (!this.isRegistered) return;
    this.collect();
    for (let left = LEFT_MAX; left > 0 && this.hasUsage && this.isRegistered; left -= 1) {
      if (this.books.frozen === null) this.freeze([]);
      await this.save();
      await this.send();
    }
    if (this.isRegistered) await this.parts.link.leave(this.books.epoch);
  }

  private get hasUsage(): boolean {
    return this.books.frozen !== null || this.books.pending.length > 0;
  }

  /** Nothing was used or noted, no lease is held that another node could need, and the service has just heard of it. */
  private isQuiet(): boolean {
    const { leases, notes } = this.parts;
    return !this.hasUsage && leases.isEmpty && notes.isEmpty && elapsedMs() - this.sentAtMs < QUIET_MS;
  }

  private async sendLeft(): Promise<void> {
    for (let left = LEFT_MAX; left > 0 && this.books.epoch > 0 && this.hasUsage && !this.isClosed; left -= 1) {
      if (this.books.frozen === null) this.freeze([]);
      await this.save();
      await this.send();
    }
  }

  private async register(): Promise<void> {
    const { link, leases, log, onRegistered, onClock, registration } = this.parts;
    const begin = elapsedMs();
    const answer = await link.register(registration());
    onClock(answer.now, elapsedMs() - begin);
    leases.reset();
    this.books = { epoch: answer.epoch, seq: 0, frozen: null, pending: this.books.pending };
    Object.assign(this, { isRegistered: true, isClosed: false, wants: [] });
    log.info('registered with the service', { epoch: answer.epoch });
    onRegistered(answer);
  }

  private collect(): void {
    const fresh = this.parts.lines.take();
    if (fresh.length > 0) this.books = { ...this.books, pending: merged(this.books.pending, fresh) };
  }

  private freeze(wants: readonly Want[]): void {
    const { pending, seq } = this.books;
    const frozen: Batch = { lines: pending.slice(0, LINES_MAX), ...this.parts.notes.take() };
    this.books = { ...this.books, seq: seq + 1, frozen, pending: pending.slice(LINES_MAX) };
    this.wants = wants;
  }

  private async send(): Promise<void> {
    const { link, leases, onClock } = this.parts;
    const { epoch, seq, frozen } = this.books;
    if (frozen === null) return;
    const begin = elapsedMs();
    const askedAtMs = leases.nowMs();
    const answer = await link.exchange({
      epoch,
      seq,
      lines: frozen.lines,
      wants: this.wants,
      seen: frozen.seen,
      exits_changed: frozen.exitsChanged,
      state: { connections: this.parts.connections(), bytes_per_s: this.rate(begin) },
    });
    if (answer.kind === 'closed') return this.close(frozen, answer.seq);
    if (answer.kind === 'gap') return this.renumber(answer.expected);
    this.books = { ...this.books, frozen: null };
    onClock(answer.nowMs, elapsedMs() - begin);
    if (answer.drainS !== null) this.parts.onDrain(answer.drainS);
    // Those of an epoch that ends are not spent any more.
    if (this.isRegistered) leases.take(answer.leases, askedAtMs);
  }

  /** The service gave this node up, or another process has registered. The next step registers anew. */
  private close(frozen: Batch, lastTaken: number | null): void {
    const { log, leases } = this.parts;
    const isTaken = lastTaken !== null && lastTaken >= this.books.seq;
    const isLeft = lastTaken !== null && lastTaken < this.books.seq;
    log.warn('the service has closed this epoch; the node registers anew', { epoch: this.books.epoch });
    if (!isTaken && !isLeft) {
      const bytes = frozen.lines.reduce((sum, { up, down }) => sum + up + down, 0);
      lostBytes.of({ why: 'closed' }).add(bytes);
      log.error('whether the last batch was billed is unknown; it is not sent again', { bytes });
    }
    const pending = isLeft ? merged(frozen.lines, this.books.pending) : this.books.pending;
    this.books = { ...this.books, frozen: null, pending };
    leases.reset();
    Object.assign(this, { isRegistered: false, isClosed: true });
  }

  /** The service's books are older than what it has answered before (restored from a backup). */
  private renumber(expected: number): void {
    const { epoch, seq } = this.books;
    this.parts.log.error('the service has lost batches that it had taken', { epoch, seq, expected });
    this.books = { ...this.books, seq: expected };
  }

  private rate(nowMs: number): number {
    const { bytes } = this.parts.lines;
    const rate = ((bytes - this.sentBytes) * 1_000) / Math.max(1, nowMs - this.sentAtMs);
    this.sentAtMs = nowMs;
    this.sentBytes = bytes;
    return Math.round(rate);
  }
}
