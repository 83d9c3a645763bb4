// A batch and its items as stored.
import type { ErrorDetail } from '../../ground/contract';
import type { Units } from '../../ground/money';

export type BatchState = 'queued' | 'running' | 'cancelling' | 'completed' | 'cancelled';
export type BatchItemState = 'waiting' | 'running' | 'pending' | 'ok' | 'failed';

export interface Batch {
  readonly seq: bigint;
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly kind: string;
  readonly form: 'inline' | 'queued';
  readonly state: BatchState;
  readonly total: number;
  /** Counted from the items, also while it runs. */
  readonly ok: number;
  readonly failed: number;
  readonly onError: 'continue' | 'stop';
  readonly maxTotal: Units | null;
  readonly keyId: string;
  readonly lineageId: string;
  readonly isOperator: boolean;
  readonly idemScope: string;
  readonly idemKey: string;
  readonly requestId: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface BatchItem {
  readonly item: number;
  readonly ref: string;
  readonly state: BatchItemState;
  readonly orderId: string | null;
  /** The answer of its purchase, as JSON text. */
  readonly result: string | null;
  readonly error: {
    readonly code: string;
    readonly text: string;
    readonly details: readonly ErrorDetail[] | null;
  } | null;
}

/** An item leased to this worker. Only the holder of its attempt can make an order for it. */
export interface LeasedItem {
  readonly item: number;
  readonly ref: string;
  readonly input: unknown;
  readonly attempt: number;
}

/** How a leased item ended that no order settled. If there is an order after all, the item waits for it instead. */
export interface ItemReport {
  readonly item: number;
  readonly attempt: number;
  readonly state: 'failed' | 'waiting' | 'pending';
  readonly code?: string;
  readonly text?: string;
  readonly details?: readonly ErrorDetail[] | undefined;
}

/** Items one after the other, in their order, because the outcome of one decides about the next. */
export function isOrdered(batch: Pick<Batch, 'onError' | 'maxTotal'>): boolean {
  return batch.onError === 'stop' || batch.maxTotal !== null;
}
