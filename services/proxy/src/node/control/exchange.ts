// The exchange with the service: what was used goes there, leases come back. A process of the node is an epoch, and its
// batches have numbers, so that each is billed once: a batch is frozen and written to the journal before it is sent,
// stays as it is until it is answered, and is sent again after a lost answer. What grows meanwhile is the next one's.
// A new process first sends what the last one left, under that one's epoch, and then registers.
import { counter } from '@lumi/shared/monitoring';
import { elapsedMs, type Log } from '@lumi/shared/runtime';
import type { Batch, Books, Journal } from './journal';
import type { Leases } from './leases';
import type { Notes } from './notes';
import type { Registration, Want } from '../../nodes/protocol';
import { PendingLines } from './pending-lines';
import { Seldom } from './seldom';
import type { ServiceLink } from './service-link';
import type { UsageLines } from './usage-lines';
import type { Registered } from './wire';

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
  private books: Omit<Books, 'pending'> = { epoch: 0, seq: 0, frozen: null };
  private readonly pending = new PendingLines();
  /** Grows with what the journal must know, and what of it is on disk. */
  private revision = 0;
  private written = 0;
  /** What is being written; who asks for the same waits for it. */
  private writing: { readonly revision: number; readonly done: Promise<void> } | null = null;
  private readonly seldom = new Seldom();
  private wants: readonly Want[] = [];
  private isRegistered = false;
  /** The epoch of the books is over: nothing more is sent under it. */
  private isClosed = false;
  private sentAtMs = elapsedMs();
  private sentBytes = 0;

  constructor(private readonly parts: ExchangeParts) {}

  /** What the last process left. */
  async load(): Promise<void> {
    const left = await this.parts.journal.read();
    if (left === null) return;
    const { pending, ...books } = left;
    this.books = books;
    this.pending.add(pending);
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
      // All that was spent of the leases of an epoch is billed before its end frees them.
      this.collect();
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
    if (this.books.epoch === 0 || this.written === this.revision) return;
    if (this.writing?.revision === this.revision) return this.writing.done;
    this.writing = { revision: this.revision, done: this.write(this.revision) };
    return this.writing.done;
  }

  private async write(revision: number): Promise<void> {
    try {
      await this.parts.journal.write({ ...this.books, pending: this.pending.all() });
      this.written = Math.max(this.written, revision);
    } catch (err) {
      // Sent without it, a batch is still billed once; a kill would lose more than a second's.
      this.seldom.say('journal', () => this.parts.log.error('the journal of usage cannot be written', { err }));
    } finally {
      if (this.writing?.revision === revision) this.writing = null;
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
    if (!this.isRegistered) return;
    await this.parts.link.leave(this.books.epoch);
    this.revision += 1; // The journal says that nothing is left.
  }

  private get hasUsage(): boolean {
    return this.books.frozen !== null || this.pending.size > 0;
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
    this.books = { epoch: answer.epoch, seq: 0, frozen: null };
    this.revision += 1;
    // It exchanges at once, also when it has nothing to say: it may be one that drains.
    Object.assign(this, { isRegistered: true, isClosed: false, wants: [], sentAtMs: Number.NEGATIVE_INFINITY });
    log.info('registered with the service', { epoch: answer.epoch });
    onRegistered(answer);
  }

  private collect(): void {
    const fresh = this.parts.lines.take();
    if (fresh.length === 0) return;
    this.pending.add(fresh);
    this.revision += 1;
  }

  private freeze(wants: readonly Want[]): void {
    const frozen: Batch = { lines: this.pending.take(), ...this.parts.notes.take() };
    this.books = { ...this.books, seq: this.books.seq + 1, frozen };
    // An empty one too: a successor sends what it counts itself under the number that it finds.
    this.revision += 1;
    this.wants = wants;
  }

  private async send(): Promise<void> {
    const { link, leases, notes, onClock } = this.parts;
    const { epoch, seq, frozen } = this.books;
    if (frozen === null) return;
    const reported = notes.reports.take();
    const begin = elapsedMs();
    const askedAtMs = leases.nowMs();
    const asked = link.exchange({
      epoch,
      seq,
      lines: frozen.lines,
      wants: this.wants,
      seen: frozen.seen,
      exits_changed: frozen.exitsChanged,
      state: { connections: this.parts.connections(), bytes_per_s: this.rate(begin) },
      ...reported,
    });
    const answer = await asked.catch((err: unknown) => {
      notes.reports.putBack(reported);
      throw err;
    });
    if (answer.kind !== 'taken') notes.reports.putBack(reported);
    if (answer.kind === 'closed') return this.close(frozen, answer.seq);
    if (answer.kind === 'gap') return this.renumber(answer.expected);
    this.books = { ...this.books, frozen: null };
    // A successor may send an empty batch again.
    if (frozen.lines.length > 0) this.revision += 1;
    onClock(answer.nowMs, elapsedMs() - begin);
    if (answer.drainS !== null) this.parts.onDrain(answer.drainS);
    // Those of an epoch that ends are not spent any more.
    if (this.isRegistered) leases.take(answer.leases, askedAtMs);
  }

  /** The service gave this node up, or another process has registered. The next step registers anew. */
  private close(frozen: Batch, lastTaken: number | null): void {
    const { log, leases } = this.parts;
    const { epoch, seq } = this.books;
    const isTaken = lastTaken !== null && lastTaken >= seq;
    const isLeft = lastTaken !== null && lastTaken < seq;
    this.seldom.say('closed', () => log.warn('the service has closed this epoch; the node registers anew', { epoch }));
    if (!isTaken && !isLeft) {
      const bytes = frozen.lines.reduce((sum, { up, down }) => sum + up + down, 0);
      lostBytes.of({ why: 'closed' }).add(bytes);
      log.error('whether the last batch was billed is unknown; it is not sent again', { bytes });
    }
    if (isLeft) this.pending.add(frozen.lines);
    this.books = { ...this.books, frozen: null };
    this.revision += 1;
    leases.reset();
    Object.assign(this, { isRegistered: false, isClosed: true });
  }

  /** The service's books are older than what it has answered before (restored from a backup). */
  private renumber(expected: number): void {
    const { epoch, seq } = this.books;
    this.seldom.say('batches', () =>
      this.parts.log.error('the service has lost batches that it had taken', { epoch, seq, expected }),
    );
    this.books = { ...this.books, seq: expected };
    this.revision += 1;
  }

  private rate(nowMs: number): number {
    const { bytes } = this.parts.lines;
    const rate = ((bytes - this.sentBytes) * 1_000) / Math.max(1, nowMs - this.sentAtMs);
    this.sentAtMs = nowMs;
    this.sentBytes = bytes;
    return Math.round(rate);
  }
}
