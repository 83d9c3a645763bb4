// What goes wrong in a run, as it was planned (fault-plan.ts).
import type { PointReached } from '../inside/messages';
import type { Random } from '../random';
import type { Arming, FaultControl, Run } from '../run-state';
import type { Child } from '../system/child';
import { pause } from '../waiting';
import { ACTIONS } from './actions';
import type { FaultStep } from './fault-plan';
import { pointFaultOf, type PointFault } from './point-faults';
import { wayTo } from './required-states';
import { OF_NODE, SYSTEM_FAULTS, TAKEN_AFTER_MS, pastLeaseMs } from './system-faults';
import { TRIGGERS } from './triggers';

/** The proxies hear of a trap before what it is for is bought. */
const ARMED_MS = 50;

export class Faults implements FaultControl {
  readonly run: Run;
  readonly random: Random;
  readonly done = new Set<string>();
  readonly reached = new Set<string>();
  /** Healing waits for them. */
  private readonly pending = new Set<Promise<unknown>>();
  /** Point faults and actions that are under way, by name. */
  private readonly running = new Set<string>();

  constructor(run: Omit<Run, 'faults'>) {
    this.run = { ...run, faults: this };
    this.random = run.random.stream('at-points');
  }

  /** A process says that it has come to an armed point. */
  onPoint(child: Child, { point, fault, match, pointFault, subject }: PointReached): void {
    const { system, note } = this.run;
    note(`${child.name}: ${fault} at ${point} (${subject})`);
    this.reached.add(`${fault} at ${point}`);
    this.reached.add(nameOfMatch(match));
    if (pointFault !== undefined) this.reached.add(pointFault);
    for (const other of system.children.values()) other.tell({ type: 'torture-disarm', match });
    if (fault !== 'stop') return;
    const { running } = child;
    // Healing waits until it has gone on, and done what it does so late.
    this.wait(
      (async () => {
        await pause(pastLeaseMs(system));
        running?.kill('SIGCONT');
        await pause(TAKEN_AFTER_MS);
      })(),
    );
  }

  async perform(plan: readonly FaultStep[]): Promise<void> {
    const startedAt = performance.now();
    for (const step of plan) {
      const waitMs = step.atMs - (performance.now() - startedAt);
      if (waitMs > 0) await pause(waitMs);
      const name = nameOfStep(step);
      this.run.note(name === step.what ? name : `${step.what} ${name}`);
      this.done.add(step.what);
      this.begin(step);
    }
  }

  again(states: readonly string[]): void {
    const ways = states.map(wayTo).filter((way) => way !== null);
    for (const id of new Set(ways.flatMap((way) => ('pointFault' in way ? way.pointFault : []))))
      this.begin({ atMs: 0, what: 'point-fault', pointFault: pointFaultOf(id) });
    for (const action of new Set(ways.flatMap((way) => ('action' in way ? way.action : []))))
      this.begin({ atMs: 0, what: 'action', action });
    for (const what of new Set(ways.flatMap((way) => ('what' in way && isNodeFault(way.what) ? way.what : []))))
      this.begin({ atMs: 0, what, draw: 0, ms: 0 });
  }

  /** Everything that is still broken is repaired; nothing new breaks. */
  async heal(): Promise<void> {
    const { system } = this.run;
    while (this.pending.size > 0) await Promise.all(this.pending);
    for (const link of system.allLinks()) {
      link.latencyMs = 0;
      link.traps.length = 0;
      link.cutAfter = undefined;
      link.silence(false);
      link.shut(false);
    }
    // Connections that were to break after so many bytes do it now.
    for (const link of [...system.links.client, ...system.links.service]) link.cut();
    for (const child of system.children.values()) {
      child.tell({ type: 'torture-disarm' });
      child.tell({ type: 'torture-go' });
      child.tell({ type: 'torture-clock', offsetMs: 0 });
      child.running?.kill('SIGCONT');
    }
  }

  async atPoint(fault: PointFault): Promise<unknown> {
    const { run } = this;
    const { id, ending = 'plain', beside, trigger = 'buy' } = fault;
    const match = `-${id}-`;
    const arm = (text: string) => {
      if ('at' in fault) this.arm({ who: fault.who, at: fault.at, fault: fault.fault, match: text, pointFault: id });
    };
    if ('trap' in fault) {
      for (const link of run.system.links.postgres.filter(({ name }) => name.includes('-server-')))
        link.trapAnswer(fault.trap, match, () => this.reached.add(id));
    } else arm(match);
    await pause(ARMED_MS);
    // Money that is held for something else, which a second release would give away.
    if (beside !== undefined) void run.customers.buy(run.buyers.atPoints, run.customers.name(beside), this.random);
    return TRIGGERS[trigger](run, match, { ending, arm });
  }

  /** The first process to come to the point with an order that `match` tells is hit, and no other. */
  arm({ who, at, fault, match, pointFault }: Arming): void {
    for (const child of this.run.system.named(new RegExp(`(^|-)${who}-`)))
      child.tell({ type: 'torture-arm', point: at, fault, match, pointFault });
  }

  goOn(match: string): void {
    for (const child of this.run.system.children.values()) child.tell({ type: 'torture-go', match });
  }

  /** At most once at a time for each point fault and each action. */
  private begin(step: FaultStep): void {
    const name = nameOfStep(step);
    if (step.what === 'point-fault' || step.what === 'action' || isNodeFault(step.what)) {
      if (this.running.has(name)) return;
      this.running.add(name);
    }
    this.wait(
      Promise.resolve()
        .then(() => this.inflict(step))
        .catch((err: unknown) => this.run.note(`${name} failed: ${err instanceof Error ? err.message : String(err)}`))
        .finally(() => this.running.delete(name)),
    );
  }

  private async inflict(step: FaultStep): Promise<unknown> {
    if (step.what === 'point-fault') return this.atPoint(step.pointFault);
    if (step.what === 'action') return ACTIONS[step.action]?.(this.run);
    const { system, traffic } = this.run;
    return SYSTEM_FAULTS[step.what]({ system, traffic, reach: (state) => void this.reached.add(state) }, step);
  }

  private wait(work: Promise<unknown>): void {
    this.pending.add(work);
    void work.finally(() => this.pending.delete(work));
  }
}

function nameOfStep(step: FaultStep): string {
  if (step.what === 'point-fault') return step.pointFault.id;
  return step.what === 'action' ? step.action : step.what;
}

/** Takes its time, and is worth another try. */
function isNodeFault(what: string): boolean {
  return OF_NODE.some(([, fault]) => fault === what);
}

/** `-name-` → `name`. */
export function nameOfMatch(match: string): string {
  return match.replace(/^-(.*)-$/, '$1');
}
