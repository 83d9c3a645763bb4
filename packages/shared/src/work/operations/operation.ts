// What one kind of operation provides to the engine, and an operation itself. The terms are those of a purchase:
// outcomes, look-up by our own reference, rows of the product in the same statement. No money is involved.
import type { ErrorCode, ErrorDetail } from '../../ground/contract';
import type { Rider } from '../../base/db';
import type { EventDraft, JsonObject, LookUp, Outcome } from '../purchase';

export type OperationState = 'running' | 'done' | 'failed';
export type WaitingFor = 'supplier' | 'customer' | 'operator';

export interface Operation<I = JsonObject> {
  readonly seq: bigint | null;
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly kind: string;
  /** The id of the object it works on. */
  readonly subject: string;
  readonly item: I;
  readonly state: OperationState;
  readonly progress: number;
  readonly waitingFor: WaitingFor | null;
  readonly supplierRef: string | null;
  /** Of a failed one: a `FailedResult`, when there is more than the error. */
  readonly result: JsonObject | null;
  readonly errorCode: string | null;
  readonly errorText: string | null;
  readonly requestId: string;
  /** Fencing token: only the holder of the current attempt may finish. */
  readonly attempt: number;
  readonly stuckSince: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** What the caller needs to continue, such as the true state. */
export interface FailedResult extends JsonObject {
  readonly details: readonly ErrorDetail[];
}

export interface OperationKind<I extends JsonObject, R extends JsonObject> {
  /** Stored on rows and read by recovery; never changed. */
  readonly kind: string;
  /** Work that continues as long as there is something to do: its duration alone does not notify an operator. */
  readonly mayTakeHours?: boolean;
  /**
   * Calls the supplier with the operation id as reference. It is called again after `absent`, so one reference must
   * never be executed twice.
   */
  act(operation: Operation<I>, signal: AbortSignal): Promise<Outcome<R>>;
  lookUp(operation: Operation<I>, signal: AbortSignal): Promise<LookUp<R>>;
  /** Rows of the product written by the statement that starts. */
  prepare?(operation: Operation<I>): readonly Rider<'started'>[];
  /** Rows of the product written by the statement that finishes. */
  deliver(operation: Operation<I>, result: R): readonly Rider<'finished'>[];
  /** The same when the supplier refused. */
  undo?(operation: Operation<I>): readonly Rider<'finished'>[];
  events(operation: Operation<I>, result: R): readonly EventDraft[];
  /** Translates a violated constraint of the product's own rows into a refusal. */
  refusalOfConstraint?(constraint: string): ErrorCode | null;
}

export type AnyOperationKind = OperationKind<JsonObject, JsonObject>;

export function operationKind<I extends JsonObject, R extends JsonObject>(
  definition: OperationKind<I, R>,
): OperationKind<I, R> & AnyOperationKind {
  // The engine passes back exactly the item and result that this definition produced, so the wider type is safe.
  return definition as unknown as OperationKind<I, R> & AnyOperationKind;
}
