// A product's description of one kind of thing sold. A product writes one file per kind in its folder `purchases/`. All
// else (hold, capture, release, replay, recovery) is the engine's and the same for all.
import type { ErrorCode, ErrorDetail } from '../../ground/contract';
import type { EventDraft } from '../../ground/events';
import type { Rider, Sql } from '../../base/db';
import type { Units } from '../../ground/money';
import type { JsonObject } from './json-object';
import type { CostLine, Terms } from './terms';

export type { EventDraft, JsonObject };

/** How a supplier call ended. `unknown` is never a failure: the hold stays until the end is known. */
export type Outcome<R> =
  | { readonly kind: 'done'; readonly result: R; readonly supplierRef?: string }
  | { readonly kind: 'pending'; readonly supplierRef: string; readonly checkAfterMs?: number }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly text?: string;
      /** What the caller needs to continue, such as the true expiry. */
      readonly details?: readonly ErrorDetail[];
    }
  | { readonly kind: 'unknown'; readonly cause?: unknown };

/** A look-up by our own reference may also find that the supplier never saw the order. */
export type LookUp<R> = Outcome<R> | { readonly kind: 'absent' };

export type OrderState = 'acting' | 'pending' | 'captured' | 'released';

export interface Order<I = JsonObject> {
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly kind: string;
  /** Its subject, as the customer knows it: a domain name, a server id. */
  readonly subject: string;
  readonly item: I;
  readonly terms: Terms;
  readonly price: Units;
  readonly charged: Units | null;
  readonly state: OrderState;
  readonly supplierRef: string | null;
  readonly refusalCode: string | null;
  readonly refusalText: string | null;
  /** What the caller needs to continue, such as the true state. */
  readonly refusalDetails: readonly ErrorDetail[] | null;
  readonly batchId: string | null;
  readonly batchItem: number | null;
  readonly reference: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject | null;
  readonly requestId: string;
  /** Fencing token: only the holder of the current attempt may settle. */
  readonly attempt: number;
  readonly stuckSince: Date | null;
  readonly createdAt: Date;
  readonly settledAt: Date | null;
}

/** The answer of a finished purchase. A `202` is not stored: it only says that there is no answer yet. */
export interface AnswerBody {
  readonly status: 200 | 201;
  readonly body: unknown;
  /** A path of the product, such as `/servers/srv_…`. */
  readonly location?: string;
}

export interface ThingSold<I extends JsonObject, R extends JsonObject> {
  /** Stored on orders and read by recovery; never changed. */
  readonly kind: string;
  /** One line for the account's statement. */
  describe(order: Order<I>): string;
  /**
   * The facts of its terms as the rows have them at the moment of the hold: a SELECT with the one column `facts jsonb`,
   * from rows that it locks (`FOR NO KEY UPDATE`), because the price holds only while they are unchanged. No row: the
   * object is gone. `fixed` when no row holds an input of the price.
   */
  readonly termsNow: 'fixed' | ((order: Order<I>, at: Date) => Sql);
  /**
   * The refusal when one of these facts changed meanwhile; absent: `state_conflict` for the state, `price_changed` for
   * all others.
   */
  readonly refusalOfChange?: Readonly<Record<string, ErrorCode>>;
  /**
   * Calls the supplier with the order id as idempotency reference. It may be called again for the same order after
   * `absent`, so the supplier (or its adapter) must not execute one reference twice. No database transaction is open.
   * It must end when `signal` aborts.
   */
  act(order: Order<I>, signal: AbortSignal): Promise<Outcome<R>>;
  /** Asks the supplier how our reference ended. */
  lookUp(order: Order<I>, signal: AbortSignal): Promise<LookUp<R>>;
  /**
   * True only when two open orders can never change the same row in `prepare`, `deliver` or `undo`. Such purchases
   * share a statement, and a statement changes a row only once: if two of them reduced one stock, it would be reduced
   * once. False if absent: each has a statement of its own.
   */
  readonly hasRowsOfItsOwn?: boolean;
  /** Rows of the product written by the same statement that holds the money. */
  prepare?(order: Order<I>): readonly Rider<'begun'>[];
  /** Rows of the product written by the same statement that captures. */
  deliver(order: Order<I>, result: R): readonly Rider<'settled'>[];
  /**
   * The part of the terms that was delivered, when a partial delivery is possible: only these lines are charged. Null:
   * all.
   */
  delivered?(order: Order<I>, result: R): readonly CostLine[] | null;
  /** Undoes `prepare`, in the statement that releases. */
  undo?(order: Order<I>): readonly Rider<'settled'>[];
  /**
   * The one answer of the purchase, at its end: computed from order and result alone, stored and replayed byte for
   * byte.
   */
  answer(order: Order<I>, result: R): AnswerBody;
  /**
   * The content of the `202` of an unfinished purchase; by default the order alone. It is never stored: a repeat is
   * `in_progress` until the purchase is finished.
   */
  pendingAnswer?(order: Order<I>): Omit<AnswerBody, 'status'>;
  events(order: Order<I>, result: R): readonly EventDraft[];
  /** A violated constraint of the product's own rows, as a refusal: stock that ran out between price and hold. */
  refusalOfConstraint?(constraint: string): ErrorCode | null;
}

/** A registry of things sold: recovery and the operators' tools find the kind of an order in it. */
export type AnyThingSold = ThingSold<JsonObject, JsonObject>;

export function thingSold<I extends JsonObject, R extends JsonObject>(
  definition: ThingSold<I, R>,
): ThingSold<I, R> & AnyThingSold {
  // The engine passes back exactly the item and result that this definition produced, so the wider type is safe.
  return definition as unknown as ThingSold<I, R> & AnyThingSold;
}
