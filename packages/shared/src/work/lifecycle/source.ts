// What a product says about the things that expire: which there are, what follows their expiry, and how they are
// renewed. Everything else (once and in order, several workers, downtime, limits, priorities) is this room's.
import type { AppError, Product } from '../../ground/contract';
import { sql, type Rider, type Sql } from '../../base/db';
import type { JsonObject, Outcome, Offer } from '../purchase';

export interface LifecycleSource {
  readonly product: Product;
  /** One kind of thing; also the first part of its events: `domain` gives `domain.expiring`. */
  readonly noun: string;
  /**
   * A SELECT of every live thing that expires before `until`, the expired ones that are not over included, with the
   * columns `id text, account_id text, expires_at timestamptz, auto_renew boolean, price bigint` (price: of the
   * renewal, null when it is not sold). It is asked every half minute, and by the forecast: an index on the expiry
   * should carry it.
   */
  live(until: Date): Sql;
  /** The things as they are now; ids that are no more are left out. */
  read(ids: readonly string[]): Promise<readonly Resource[]>;
  /** Days before expiry at which the owner is told; absent: 30, 7, 1 and 0. */
  readonly reminderDays?: readonly number[];
  /** What is done when a stage begins, by its name; a stage that is not named here only makes its event. */
  readonly stages?: Readonly<Record<string, Stage>>;
  /**
   * The renewals of things of one account, in their order: what the purchase engine needs, or why not. Absent: nothing
   * renews itself.
   */
  renewals?(accountId: string, resources: readonly Resource[]): Promise<readonly (Offer | AppError)[]>;
}

export interface Resource {
  /** As the customer knows it (the subject of its events), without `#` and `@`. Unique in the product. */
  readonly id: string;
  readonly accountId: string;
  readonly expiresAt: Date;
  /** Since when this term runs: reminders of before, and of its first half, are not sent. */
  readonly startedAt: Date;
  readonly autoRenew: boolean;
  /** It is renewed from here on, and tried no longer than until there. */
  readonly renewFrom: Date;
  readonly renewUntil: Date;
  /** What follows, in order: `[{ name: 'redemption', at }, { name: 'pending_delete', at }]`. */
  readonly stages: readonly StageTime[];
  readonly tags: readonly string[];
  /** Goes into every event about it. */
  readonly data: JsonObject;
  /**
   * A boolean expression, asked in the statement that makes a step: it still has this expiry, and nothing that was paid
   * for is running on it.
   */
  readonly holds?: Sql;
}

export interface StageTime {
  readonly name: string;
  readonly at: Date;
}

export interface Stage {
  /**
   * The work at the supplier. May be called again under the same reference, by another worker too; must end by itself
   * when `signal` aborts. Absent: none.
   */
  enter?(resource: Resource, call: StageCall): Promise<Outcome<JsonObject>>;
  /** Rows of the product in the statement that makes the step. */
  deliver?(resource: Resource, now: Date): readonly Rider<'advanced'>[];
  /** False when the work makes an event of its own. */
  readonly hasOwnEvent?: boolean;
}

export interface StageCall {
  /** The same at every try of this stage for this expiry. */
  readonly reference: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** For `holds`: no purchase is open that holds this lock key. */
export function noOpenOrder(product: Product, lockKey: string): Sql {
  return sql`NOT EXISTS (SELECT 1 FROM platform.orders o WHERE o.product = ${product} AND o.lock_key = ${lockKey}
    AND o.state IN ('acting', 'pending'))`;
}

export const REMINDER_DAYS: readonly number[] = [30, 7, 1, 0];
