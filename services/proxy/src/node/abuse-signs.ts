// Signs of abuse, for the operator: they refuse nothing by themselves. Each is reported at most once a minute.
import { elapsedMs } from '@lumi/shared/runtime';
import { keepBounded } from './exits';
import type { NodeEvents } from './meter';

const MINUTE_MS = 60_000;
const TARGETS_MAX = 500;
const REFUSED_PORTS_MAX = 20;
const SUBJECTS_MAX = 10_000;

interface Minute {
  readonly sinceMs: number;
  readonly targets: Set<string>;
  refusedPorts: number;
}

export class AbuseSigns {
  private readonly minutes = new Map<string, Minute>();
  private readonly reported = new Map<string, number>();

  constructor(private readonly events: Pick<NodeEvents, 'abuse'>) {}

  target(subject: string, host: string): void {
    const { targets } = this.minuteOf(subject);
    if (targets.size <= TARGETS_MAX) targets.add(host);
    if (targets.size > TARGETS_MAX) this.report('many-targets', subject);
  }

  refusedPort(subject: string): void {
    const minute = this.minuteOf(subject);
    minute.refusedPorts += 1;
    if (minute.refusedPorts >= REFUSED_PORTS_MAX) this.report('refused-ports', subject);
  }

  loginGuessing(address: string): void {
    this.report('login-guessing', address);
  }

  private minuteOf(subject: string): Minute {
    const now = elapsedMs();
    const before = this.minutes.get(subject);
    if (before !== undefined && now - before.sinceMs < MINUTE_MS) return before;
    const minute = { sinceMs: now, targets: new Set<string>(), refusedPorts: 0 };
    keepBounded(this.minutes, subject, minute, SUBJECTS_MAX);
    return minute;
  }

  private report(sign: Parameters<NodeEvents['abuse']>[0], who: string): void {
    const key = `${sign} ${who}`;
    const now = elapsedMs();
    if (now - (this.reported.get(key) ?? -MINUTE_MS) < MINUTE_MS) return;
    keepBounded(this.reported, key, now, SUBJECTS_MAX);
    this.events.abuse(sign, who);
  }
}
