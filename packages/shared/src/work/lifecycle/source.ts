// A product's description of its objects that expire: which there are, the stages after their expiry, and how they are
// renewed. All else (once and in order, several workers, downtime, limits, priorities) is the work of this room.
import type { AppError, Product } from '../../ground/contract';
import { sql, type Rider, type Sql } from '../../base/db';
import type { JsonObject, Outcome, Offer } from '../purchase';

export interface LifecycleSource {
  readonly product: Product;
  /** One kind of object; also the first part of its events: `domain` gives `domain.expiring`. */
  readonly noun: string;
  /**
   * A SELECT of every live object that expires before `until`, including expired ones that are not over, with the
   * columns `id text, account_id text, expires_at timestamptz, auto_renew boolean, price bigint` (price: of the
   * renewal, null when it is not sold). It runs every half minute, and for the forecast, so it needs an index on the
   * expiry.
   */
  live(until: Date): Sql;
  /** The present state of the objects; ids that no longer exist are left out. */
  read(ids: readonly string[]): Promise<readonly Resource[]>;
  /** Days before expiry at which the owner gets a reminder; absent: 30, 7, 1 and 0. */
  readonly reminderDays?: readonly number[];
  /** The work at the beginning of a stage, by its name. A stage without an entry only writes its event. */
  readonly stages?: Readonly<Record<string, Stage>>;
  /**
   * The renewals of an account's objects, in their order: what the purchase engine needs, or the reason why not.
   * Absent: no automatic renewals.
   */
  renewals?(accountId: string, resources: readonly Resource[]): Promise<readonly (Offer | AppError)[]>;
}

export interface Resource {
  /** As the customer knows it (the subject of its events), without `#` and `@`. Unique in the product. */
  readonly id: string;
  readonly accountId: string;
  readonly expiresAt: Date;
  /** When this term began: reminders from before, and from its first half, are not sent. */
  readonly startedAt: Date;
  readonly autoRenew: boolean;
  /** When its renewals begin, and until when they are tried. */
  readonly renewFrom: Date;
  readonly renewUntil: Date;
  /** The stages, in order: `[{ name: 'redemption', at }, { name: 'pending_delete', at }]`. */
  readonly stages: readonly StageTime[];
  readonly tags: readonly string[];
  /** Added to every event about it. */
  readonly data: JsonObject;
  /**
   * A boolean expression in the statement that makes a step: the object still has this expiry, and no purchase is open
   * on it.
   */
  readonly holds?: Sql;
}

export interface StageTime {
  readonly name: string;
  readonly at: Date;
}

export interface Stage {
  /**
   * The work at the supplier. It may be called again under the same reference, also by another worker; it must end when
   * `signal` aborts. Absent: none.
   */
  enter?(resource: Resource, call: StageCall): Promise<Outcome<JsonObject>>;
  /** Rows of the product in the statement that makes the step. */
  deliver?(resource: Resource, now: Date): readonly Rider<'advanced'>[];
  /** False when the work writes its own event. */
  readonly hasOwnEvent?: boolean;
}

export interface StageCall {
  /** The same at every try of this stage for this expiry. */
  readonly reference: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** For `holds`: no open purchase holds this lock key. */
export function noOpenOrder(product: Product, lockKey: string): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.product = ${product} AND o.lock_key = ${lockKey}
    AND o.state IN ('acting', 'pending'))`;
}

export const REMINDER_DAYS: readonly number[] = [30, 7, 1, 0];
