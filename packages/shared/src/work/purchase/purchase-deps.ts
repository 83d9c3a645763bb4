// The dependencies of the purchase engine, and its time limits.
import type { Database, SqlRunner } from '../../base/db';
import type { Units } from '../../ground/money';
import type { Clock, Log } from '../../ground/runtime';

export interface PurchaseTimes {
  /** The supplier call is cut off after this and counts as unknown. */
  readonly actLimitMs: number;
  /** Recovery skips an order for this long: longer than the call, its settlement and a slow disk together. */
  readonly leaseMs: number;
  /** An unknown outcome is looked up after this time. */
  readonly unknownWakeMs: number;
  readonly pendingWakeMs: number;
}

export const PURCHASE_TIMES: PurchaseTimes = {
  actLimitMs: 10_000,
  leaseMs: 25_000,
  unknownWakeMs: 2_000,
  pendingWakeMs: 5_000,
};

export interface PurchaseDeps {
  readonly db: Pick<Database, 'platform' | 'direct'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly defaultCap: Units | null;
  /** Set when `db` is a transaction that other statements do not share. */
  readonly isInTransaction?: true;
  /** Named points between the steps; the fault harness kills the process there. */
  readonly checkpoint?: (name: Checkpoint, orderId: string) => void | Promise<void>;
  /** PURCHASE_TIMES by default; the fault harness uses shorter ones. */
  readonly times?: PurchaseTimes;
}

/** What settling an order needs; a transaction suffices. */
export type ConcludeDeps = Omit<PurchaseDeps, 'db'> & {
  readonly db: { readonly platform: SqlRunner; readonly direct: SqlRunner };
};

export type Checkpoint =
  'before-hold' | 'after-hold' | 'after-act' | 'after-settle' | 'after-take-over' | 'after-look-up';

export function timesOf(deps: Pick<PurchaseDeps, 'times'>): PurchaseTimes {
  return deps.times ?? PURCHASE_TIMES;
}
