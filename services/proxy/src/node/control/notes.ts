// What the data plane reports beside bytes: who was used, which exits changed, and signs of abuse.
import { counter } from '@lumi/shared/monitoring';
import type { Log } from '@lumi/shared/runtime';
import type { Ended, NodeEvents, Sign } from '../meter';
import type { Reports } from './reports';
import type { ExitChange, Seen } from '../../nodes/protocol';

/** The same subject and block are reported again after so long. */
const SEEN_EVERY_MS = 20_000;
const SEEN_MAX = 50_000;
const CHANGES_MAX = 20_000;
/** Of each kind in one batch, which has a bound in bytes; the rest comes with the next one. */
const TAKEN_MAX = 5_000;

const signs = counter('lumi_node_abuse_total', 'Signs of abuse that a proxy node saw.', ['sign']);

export class Notes implements NodeEvents {
  private readonly fresh = new Map<string, Seen>();
  private readonly reportedAtMs = new Map<string, number>();
  private readonly changes = new Map<string, ExitChange>();

  constructor(
    private readonly nowMs: () => number,
    private readonly log: Log,
    readonly reports: Reports,
  ) {}

  seen(subject: string, block: string | null): void {
    const key = `${subject} ${block ?? ''}`;
    const now = this.nowMs();
    if (now - (this.reportedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < SEEN_EVERY_MS) return;
    if (this.reportedAtMs.size >= SEEN_MAX) this.reportedAtMs.clear();
    this.reportedAtMs.set(key, now);
    if (this.fresh.size < SEEN_MAX) this.fresh.set(key, { subject, block, at: new Date(now).toISOString() });
  }

  exitChanged(subject: string, address: string): void {
    this.changes.delete(subject);
    if (this.changes.size < CHANGES_MAX)
      this.changes.set(subject, { subject, address, at: new Date(this.nowMs()).toISOString() });
  }

  abuse(sign: Sign, who: string): void {
    signs.of({ sign }).add();
    this.log.warn('a sign of abuse', { sign, who });
    this.reports.sign(sign, who);
  }

  ended(connection: Ended): void {
    this.reports.ended(connection);
  }

  get isEmpty(): boolean {
    return this.fresh.size === 0 && this.changes.size === 0 && this.reports.isEmpty;
  }

  /** Hands out what was noted first. */
  take(): { readonly seen: readonly Seen[]; readonly exitsChanged: readonly ExitChange[] } {
    return { seen: firstOf(this.fresh), exitsChanged: firstOf(this.changes) };
  }
}

function firstOf<T>(noted: Map<string, T>): T[] {
  const taken: T[] = [];
  for (const [key, one] of noted) {
    if (taken.length === TAKEN_MAX) break;
    taken.push(one);
    noted.delete(key);
  }
  return taken;
}
