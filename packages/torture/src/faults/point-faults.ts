// Faults that hit a process at a named point of its way, mostly of a purchase, or that cut the database's answer to a
// statement that was executed.
import type { Product } from '@lumi/shared/contract';
import type { FaultAtPoint } from '../inside/messages';

/** What brings a process to the point (triggers.ts): a purchase, if nothing is named. */
export type TriggerName = 'buy' | 'deposit' | 'orderDecided' | 'operationDecided' | 'renewal';

interface What {
  readonly id: string;
  /** The magic name of what is bought: how the sandbox ends it. */
  readonly ending?: string;
  /** Bought at the same time, with this ending. */
  readonly beside?: string;
  readonly trigger?: TriggerName;
  /** Only where this product runs. */
  readonly of?: Product;
}

interface AtPoint {
  /** Which processes pass the point: a pattern. */
  readonly who: string;
  readonly at: string;
  readonly fault: FaultAtPoint;
}

export type PointFault = What & (AtPoint | { readonly trap: string });

export const POINT_FAULTS: readonly PointFault[] = [
  { id: 'stop-after-act', ending: 'plain', who: 'server', at: 'after-act', fault: 'stop' },
  {
    id: 'stop-after-refusal',
    ending: 'refused',
    who: 'server',
    at: 'after-act',
    fault: 'stop',
    beside: 'stays-unknown-4',
  },
  { id: 'stop-before-act', ending: 'plain', who: 'server', at: 'after-hold', fault: 'stop' },
  { id: 'kill-after-settle', ending: 'plain', who: 'server', at: 'after-settle', fault: 'kill' },
  { id: 'kill-before-act', ending: 'plain', who: 'server', at: 'after-hold', fault: 'kill' },
  { id: 'kill-after-act', ending: 'plain', who: 'server', at: 'after-act', fault: 'kill' },
  { id: 'kill-before-hold', ending: 'plain', who: 'server', at: 'before-hold', fault: 'kill' },
  {
    id: 'kill-worker-after-take-over',
    ending: 'timeout-after-success',
    who: 'worker',
    at: 'after-take-over',
    fault: 'kill',
  },
  {
    id: 'stop-worker-after-look-up',
    ending: 'timeout-after-refusal',
    who: 'worker',
    at: 'after-look-up',
    fault: 'stop',
  },
  { id: 'kill-worker-after-settle', ending: 'error-before', who: 'worker', at: 'after-settle', fault: 'kill' },
  { id: 'hold-answer-cut', ending: 'plain', trap: 'purchase_begin' },
  { id: 'settle-answer-cut', ending: 'plain', trap: 'purchase_settle' },
  { id: 'kill-before-credit', trigger: 'deposit', who: '(server|worker)', at: 'before-credit', fault: 'kill' },
  { id: 'kill-after-credit', trigger: 'deposit', who: '(server|worker)', at: 'after-credit', fault: 'kill' },
  { id: 'kill-after-seize', trigger: 'orderDecided', who: 'server', at: 'after-seize', fault: 'kill', of: 'domains' },
  {
    id: 'kill-before-decision',
    trigger: 'orderDecided',
    who: 'server',
    at: 'before-decision',
    fault: 'kill',
    of: 'domains',
  },
  {
    id: 'kill-operation-after-seize',
    trigger: 'operationDecided',
    who: 'server',
    at: 'after-seize',
    fault: 'kill',
    of: 'vps',
  },
  { id: 'kill-before-renewal', trigger: 'renewal', who: 'worker', at: 'before-renewal', fault: 'kill', of: 'domains' },
];

/** A short run has time for these: the states that every run must reach. */
export const SHORT: readonly string[] = [
  'stop-after-act',
  'stop-after-refusal',
  'stop-before-act',
  'kill-after-settle',
  'settle-answer-cut',
];

export function pointFaultOf(id: string): PointFault {
  const found = POINT_FAULTS.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no point fault '${id}'`);
  return found;
}
