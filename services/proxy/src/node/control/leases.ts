// What may be spent at this node, and what was: the data plane's Meter. A metered subject spends from its lease, which
// an exchange with the service fills; the others spend freely and are counted alike.
import { elapsedMs } from '@lumi/shared/runtime';
import type { Meter, Use, Way } from '../meter';
import type { Rights } from '../rights';
import { Lease } from './lease';
import type { Want } from '../../nodes/protocol';
import type { UsageLines, Line } from './usage-lines';
import type { LeaseAnswer } from './wire';

/** Without an answer of the service for so long, leases are spent no more: it will give them to others. */
const TRUST_MS = 600_000;
/** That a quota is used up is believed for so long: it may have been filled meanwhile. */
const EXHAUSTED_MS = 1_000;
const SUBJECTS_MAX = 200_000;
/** Of one batch, which has a bound in bytes; the others' turn comes with the next one. */
const WISHES_MAX = 10_000;

export interface LeasesOptions {
  readonly rights: Rights;
  readonly lines: UsageLines;
  readonly targetName: (host: string) => string;
  /** A subject stands dry, or soon will: exchange now. */
  readonly hurry: () => void;
  readonly nowMs?: () => number;
}

class Usage implements Use {
  generation = -1;
  line: Line | null = null;
  isOver = false;

  constructor(
    private readonly leases: Leases,
    readonly lease: Lease,
    readonly country: string,
    readonly target: string,
  ) {}

  get subject(): string {
    return this.lease.subject;
  }

  end({ isError }: { readonly isError: boolean }): void {
    if (this.isOver) return;
    this.isOver = true;
    this.lease.uses -= 1;
    if (isError) this.leases.lineOf(this).errors += 1;
  }
}

export class Leases implements Meter {
  private readonly bySubject = new Map<string, Lease>();
  private contactAtMs = Number.NEGATIVE_INFINITY;
  /** Its own clock, which only goes forward. */
  readonly nowMs: () => number;

  constructor(private readonly options: LeasesOptions) {
    this.nowMs = options.nowMs ?? elapsedMs;
    options.rights.onChange(({ subjects }) => {
      for (const subject of subjects) {
        const lease = this.bySubject.get(subject);
        if (lease !== undefined) lease.isMetered = this.isMetered(subject);
      }
    });
  }

  use(subject: string, country: string, target: string): Use {
    const usage = new Usage(this, this.leaseOf(subject), country, this.options.targetName(target));
    usage.lease.uses += 1;
    this.lineOf(usage).requests += 1;
    return usage;
  }

  spend(use: Use, way: Way, bytes: number): number {
    const usage = use as Usage; // made by `use`, there are no others
    const { lease } = usage;
    const may = this.maySpend(lease, bytes);
    if (may > 0) this.options.lines.add(this.lineOf(usage), way, may);
    return may;
  }

  isDry(subject: string): boolean {
    const lease = this.leaseOf(subject);
    return lease.isMetered && (lease.left <= 0 || !this.isTrusted);
  }

  async whenFilled(subject: string, limitMs: number): Promise<boolean> {
    const lease = this.leaseOf(subject);
    if (!this.isDry(subject)) return true;
    if (lease.isExhausted(this.nowMs(), EXHAUSTED_MS)) return false;
    const filled = lease.waitFor(limitMs);
    this.options.hurry();
    return filled;
  }

  lineOf(usage: Usage): Line {
    const { lines } = this.options;
    if (usage.line === null || usage.generation !== lines.generation) {
      usage.line = lines.lineOf(usage.subject, usage.country, usage.target);
      usage.generation = lines.generation;
    }
    return usage.line;
  }

  /** What the next batch says of leases. Call it when the lines of that batch were taken. */
  wishes(): readonly Want[] {
    const now = this.nowMs();
    const wishes: Want[] = [];
    const heard: Lease[] = [];
    for (const [subject, lease] of this.bySubject) {
      if (wishes.length === WISHES_MAX) break;
      const wish = lease.isMetered ? lease.wish(now) : null;
      if (wish === null && lease.isForgettable(now)) this.bySubject.delete(subject);
      else heard.push(lease);
      if (wish !== null) wishes.push(wish);
    }
    if (wishes.length === WISHES_MAX) for (const lease of heard) this.toEnd(lease);
    return wishes;
  }

  /** `askedAtMs`: when the question was sent that the service has answered, by `nowMs`. */
  take(answers: readonly LeaseAnswer[], askedAtMs: number): void {
    this.contactAtMs = Math.max(this.contactAtMs, askedAtMs);
    for (const answer of answers) this.leaseOf(answer.subject).take(answer, this.nowMs());
  }

  /** A new epoch begins: all leases of the last one are void. */
  reset(): void {
    for (const lease of this.bySubject.values()) lease.reset();
  }

  /** No subject was used for a while. */
  get isEmpty(): boolean {
    return this.bySubject.size === 0;
  }

  /** A subject waits for bytes, and others may still have some. */
  get isWaitedFor(): boolean {
    for (const lease of this.bySubject.values()) if (lease.isWaitedFor) return true;
    return false;
  }

  private toEnd(lease: Lease): void {
    this.bySubject.delete(lease.subject);
    this.bySubject.set(lease.subject, lease);
  }

  private get isTrusted(): boolean {
    return this.nowMs() - this.contactAtMs < TRUST_MS;
  }

  private maySpend(lease: Lease, bytes: number): number {
    const now = this.nowMs();
    if (!lease.isMetered) {
      lease.granted = lease.used + bytes;
      return lease.spend(bytes, now);
    }
    if (!this.isTrusted) return 0;
    const may = lease.spend(bytes, now);
    if (lease.isLow) this.options.hurry();
    return may;
  }

  private isMetered(subject: string): boolean {
    return this.options.rights.get(subject)?.isMetered ?? true;
  }

  private leaseOf(subject: string): Lease {
    const found = this.bySubject.get(subject);
    if (found !== undefined) return found;
    if (this.bySubject.size >= SUBJECTS_MAX) throw new Error('this node has more subjects than it can keep');
    const lease = new Lease(subject, this.nowMs());
    lease.isMetered = this.isMetered(subject);
    this.bySubject.set(subject, lease);
    return lease;
  }
}
