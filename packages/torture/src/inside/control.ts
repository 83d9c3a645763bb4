// What the harness tells this process, and what the process does at the points of its way: it goes on, dies, stops or
// waits.
import type { Times } from '../system/settings';
import type { Arm, PointReached, ToProcess } from './messages';

const WAIT_LIMIT_MS = 20_000;

export type IsPlanted = (bug: string) => boolean;

interface Waiting {
  readonly match: string;
  goOn(): void;
}

/** What an order or a deposit is about, for us and for the customer: faults are armed by it. */
export interface About {
  readonly id: string;
  readonly subject: string;
  readonly reference?: string | null | undefined;
}

export class Control {
  /** Those of the run, as long as the harness wants them now. */
  readonly times: Times;
  clockOffsetMs = 0;
  /** By which its monotonic clock is ahead of the machine's. */
  elapsedAheadMs = 0;
  private bug = '';
  private armed: Arm[] = [];
  /** Stand at a point until they may go on, while the rest of the process works. */
  private readonly waiting: Waiting[] = [];
  private readonly subjects = new Map<string, string>();

  constructor(private readonly usual: Times) {
    this.times = stretched(usual, 1);
  }

  listen(): void {
    process.on('message', (message: ToProcess) => this.obey(message));
  }

  isPlanted(bug: string): boolean {
    return this.bug === bug;
  }

  nowMs(): number {
    return Date.now() + this.clockOffsetMs;
  }

  note(order: About): void {
    this.subjects.set(order.id, subjectOf(order));
  }

  /** An order has come to a point. */
  checkpoint(point: string, id: string): Promise<void> {
    return this.pass(point, this.subjects.get(id) ?? '');
  }

  async pass(point: string, subject: string): Promise<void> {
    const index = this.armed.findIndex((one) => one.point === point && subject.includes(one.match));
    const [hit] = index < 0 ? [] : this.armed.splice(index, 1);
    if (hit === undefined) return;
    const { fault, match, pointFault } = hit;
    const reached: PointReached = { type: 'torture-point', point, fault, match, pointFault, subject };
    process.send?.(reached);
    if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
    else if (fault === 'stop') process.kill(process.pid, 'SIGSTOP');
    else
      await new Promise<void>((goOn) => {
        this.waiting.push({ match, goOn });
        setTimeout(goOn, WAIT_LIMIT_MS).unref();
      });
  }

  /** One step: nothing of this process runs between the two, so it goes on as if it had been stopped for so long. */
  private elapse(ms: number, isStopped: boolean): void {
    this.elapsedAheadMs += ms;
    if (!isStopped) return;
    process.send?.({ type: 'torture-point', point: 'stopped', fault: 'stop', match: '', subject: '' } as PointReached);
    process.kill(process.pid, 'SIGSTOP');
  }

  private obey(message: ToProcess): void {
    switch (message.type) {
      case 'torture-arm':
        this.armed.push(message);
        break;
      case 'torture-disarm':
        this.armed = this.armed.filter(({ match }) => message.match !== undefined && match !== message.match);
        break;
      case 'torture-go':
        for (const { match, goOn } of this.waiting) if (message.match === undefined || message.match === match) goOn();
        break;
      case 'torture-settings':
        this.bug = message.bug;
        Object.assign(this.times, stretched(this.usual, message.stretch));
        break;
      case 'torture-clock':
        this.clockOffsetMs = message.offsetMs;
        break;
      case 'torture-elapse':
        this.elapse(message.ms, message.isStopped);
        break;
    }
  }
}

export function subjectOf({ subject, reference }: Omit<About, 'id'>): string {
  return `${subject} ${reference ?? ''}`;
}

/** All but the moments after which recovery looks again. */
function stretched(times: Times, factor: number): Times {
  const { actLimitMs, leaseMs } = times.purchase;
  return {
    ...times,
    purchase: { ...times.purchase, actLimitMs: actLimitMs * factor, leaseMs: leaseMs * factor },
    depositLeaseMs: times.depositLeaseMs * factor,
    batchLeaseMs: times.batchLeaseMs * factor,
    renewal: { ...times.renewal, turnMs: times.renewal.turnMs * factor },
  };
}
