// What passes through the node now: one entry for each tunnel and each request over plain HTTP. It ends them when their
// right ends, and holds the limits of their subject.
import { elapsedMs } from '@lumi/shared/runtime';
import type { Meter, Use, Way } from './meter';
import type { RefusalWord } from './refusals';
import { nextEndMs, whyNot } from './permission';
import type { Proof, Right, Rights } from './rights';

export interface PassageTimes {
  /** A tunnel or request without a byte. */
  readonly idleMs: number;
  /** The same after one side has said that it sends no more. */
  readonly halfClosedMs: number;
}

/** `right`: it has ended; `stop`: the node leaves; `fault`: it could not be counted. */
export type ResetReason = 'right' | 'idle' | 'stop' | 'fault';

interface Subject {
  right: Right;
  /** By the service's clock: when time may have taken the right from one of them. */
  judgeAtMs: number;
  readonly passages: Set<Passage>;
  /** When the next byte may pass, by the limit of bandwidth. */
  readonly freeAtMs: Record<Way, number>;
}

/** How much may pass at once before the limit of bandwidth holds. */
const BURST_MS = 100;
/** A passage that carries bytes is reported again after so long. */
const CARRIED_EVERY_MS = 20_000;

export class Passage {
  isHalfClosed = false;
  isOver = false;
  /** The word of what ended it, if it did not end by itself. */
  refusal: RefusalWord | null = null;
  readonly bytes: Record<Way, number> = { up: 0, down: 0 };
  onEnded: () => void = () => undefined;
  exit: string | null = null;
  /** Bytes that the kernel has taken, both ways. */
  progress: () => number = () => 0;
  private lastMs = elapsedMs();
  private reportedMs = elapsedMs();
  private reportedBytes = 0;
  private progressBefore = 0;
  private used: Use | null = null;
  private onReset: (why: ResetReason) => void = () => undefined;
  private wasReset: ResetReason | null = null;

  constructor(
    readonly proof: Proof,
    readonly host: string,
    private readonly of: Subject,
    private readonly meter: Meter,
    private readonly close: (passage: Passage) => void,
  ) {}

  get right(): Right {
    return this.of.right;
  }

  /** From now on bytes are counted. */
  begin(use: Use, exit: string): void {
    if (this.isOver) use.end({ isError: true });
    this.used = use;
    this.exit = exit;
    this.lastMs = elapsedMs();
  }

  /** What ends both sides. If the right has ended meanwhile, that happens at once. */
  whenReset(reset: (why: ResetReason) => void): void {
    if (this.wasReset !== null) reset(this.wasReset);
    else this.onReset = reset;
  }

  /** Nothing has passed for so long, and nothing that waits in the node has gone on. */
  isIdle(now: number, limitMs: number): boolean {
    if (now - this.lastMs <= limitMs) return false;
    const progress = this.progress();
    const isIdle = progress === this.progressBefore;
    this.progressBefore = progress;
    if (!isIdle) this.lastMs = now;
    return isIdle;
  }

  /** It has carried bytes since this last answered true, which is some time ago. */
  hasCarried(now: number): boolean {
    const bytes = this.bytes.up + this.bytes.down;
    if (bytes === this.reportedBytes || now - this.reportedMs < CARRIED_EVERY_MS) return false;
    this.reportedMs = now;
    this.reportedBytes = bytes;
    return true;
  }

  /** How many of the bytes may pass now. */
  spend(way: Way, bytes: number): number {
    if (this.used === null || this.isOver) return 0;
    this.lastMs = elapsedMs();
    const may = this.trySpend(this.used, way, bytes);
    this.bytes[way] += may;
    return may;
  }

  /** What cannot be counted may not pass. */
  private trySpend(use: Use, way: Way, bytes: number): number {
    try {
      return this.meter.spend(use, way, bytes);
    } catch {
      this.reset('fault');
      return 0;
    }
  }

  whenFilled(limitMs: number): Promise<boolean> {
    return this.meter.whenFilled(this.right.subject, limitMs);
  }

  /** How long to wait after these bytes, so that the subject keeps its bandwidth in this direction. */
  delayMs(way: Way, bytes: number): number {
    const bps = this.right.bandwidthBps;
    if (bps === null) return 0;
    const now = elapsedMs();
    const free = Math.max(this.of.freeAtMs[way], now - BURST_MS) + (bytes * 8_000) / bps;
    this.of.freeAtMs[way] = free;
    return Math.max(0, free - now);
  }

  end(isError: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.used?.end({ isError });
    this.close(this);
    // Later: who ended it says why.
    queueMicrotask(() => this.onEnded());
  }

  /** Its right has ended. */
  resetFor(word: RefusalWord): void {
    this.refusal ??= word;
    this.reset('right');
  }

  /** Ends both sides so that the kernel delivers no more of what it holds. */
  reset(why: ResetReason): void {
    if (this.isOver) return;
    this.end(true);
    this.wasReset = why;
    this.onReset(why);
  }
}

export class Passages {
  private readonly bySubject = new Map<string, Subject>();
  private readonly stopListening: () => void;
  private count = 0;

  constructor(
    private readonly rights: Rights,
    private readonly meter: Meter,
    private readonly times: PassageTimes,
    /** A passage that has been open for a while still carries bytes. */
    private readonly onCarried: (passage: Passage) => void = () => undefined,
  ) {
    this.stopListening = rights.onChange(({ subjects }) => {
      for (const subject of subjects) this.judge(subject);
    });
  }

  get size(): number {
    return this.count;
  }

  sizeOf(subject: string): number {
    return this.bySubject.get(subject)?.passages.size ?? 0;
  }

  /** Null: the subject has as many as it may have. */
  open(right: Right, proof: Proof, host: string): Passage | null {
    const known = this.bySubject.get(right.subject);
    const of = known ?? { right, judgeAtMs: 0, passages: new Set(), freeAtMs: { up: 0, down: 0 } };
    if (known === undefined || known.right !== right) this.follow(of, right);
    if (of.passages.size >= right.concurrency) return null;
    this.bySubject.set(right.subject, of);
    const passage = new Passage(proof, host, of, this.meter, (ended) => this.remove(of, ended));
    of.passages.add(passage);
    this.count += 1;
    return passage;
  }

  /**
   * Ends what has been silent for too long, and what has lost its right by the passing of time. Twice a second, so a
   * right is judged only when something of it ends.
   */
  sweep(): void {
    const now = elapsedMs();
    const serviceNow = this.rights.nowMs();
    for (const [subject, of] of this.bySubject) {
      const { passages } = of;
      if (passages.size === 0) this.forgetIfFree(of);
      for (const passage of passages) {
        const limit = passage.isHalfClosed ? this.times.halfClosedMs : this.times.idleMs;
        if (passage.hasCarried(now)) this.onCarried(passage);
        if (passage.isIdle(now, limit)) passage.reset('idle');
      }
      if (of.judgeAtMs <= serviceNow) this.judge(subject);
    }
  }

  resetAll(): void {
    for (const { passages } of this.bySubject.values()) for (const passage of passages) passage.reset('stop');
  }

  close(): void {
    this.stopListening();
    this.resetAll();
  }

  private judge(subject: string): void {
    const of = this.bySubject.get(subject);
    if (of === undefined) return;
    this.follow(of, this.rights.get(subject) ?? of.right);
    for (const passage of of.passages) {
      const why = this.whyEnded(passage);
      if (why !== null) passage.resetFor(why);
    }
    // The limit may have become lower: the newest go first.
    for (const passage of [...of.passages].slice(Math.max(0, of.right.concurrency))) passage.resetFor('concurrency');
  }

  private follow(of: Subject, right: Right): void {
    of.right = right;
    of.judgeAtMs = nextEndMs(right, this.rights.nowMs());
  }

  /** What it would be refused with now; null: nothing is against it. */
  private whyEnded(passage: Passage): RefusalWord | null {
    const right = this.rights.holds(passage.right.subject, passage.proof);
    if (right === null) return 'credentials';
    const isMoved = right.exits.kind === 'fixed' && passage.exit !== null && passage.exit !== right.exits.address;
    return whyNot(right, this.rights.nowMs(), passage.host) ?? (isMoved ? 'exit' : null);
  }

  private remove(of: Subject, passage: Passage): void {
    if (!of.passages.delete(passage)) return;
    this.count -= 1;
    if (passage.hasCarried(elapsedMs())) this.onCarried(passage);
    if (of.passages.size === 0) this.forgetIfFree(of);
  }

  /** Connections one after the other share the limit of bandwidth too. */
  private forgetIfFree(of: Subject): void {
    if (Math.max(of.freeAtMs.up, of.freeAtMs.down) <= elapsedMs()) this.bySubject.delete(of.right.subject);
  }
}
