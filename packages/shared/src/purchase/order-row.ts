// An order, as it stands in the database.
import type { ErrorDetail } from '../contract';
import type { Terms } from './terms';
import type { JsonObject, Order, OrderState } from './thing-sold';
import type { RefusedResult } from './refused-result';

export interface OrderRow {
  readonly id: string;
  readonly account_id: string;
  readonly product: string;
  readonly kind: string;
  readonly subject: string;
  readonly item: JsonObject;
  readonly terms: Terms;
  readonly price: bigint;
  readonly charged: bigint | null;
  readonly state: string;
  readonly supplier_ref: string | null;
  readonly refusal_code: string | null;
  readonly refusal_text: string | null;
  readonly result: JsonObject | null;
  readonly batch_id: string | null;
  readonly batch_item: number | null;
  readonly reference: string | null;
  readonly tags: string[];
  readonly metadata: JsonObject | null;
  readonly request_id: string;
  readonly attempt: number;
  readonly stuck_since: Date | null;
  readonly created_at: Date;
  readonly settled_at: Date | null;
}

export function orderOfRow(row: OrderRow): Order {
  return {
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    kind: row.kind,
    subject: row.subject,
    item: row.item,
    terms: row.terms,
    price: row.price,
    charged: row.charged,
    state: row.state as OrderState, // a check constraint of the table
    supplierRef: row.supplier_ref,
    refusalCode: row.refusal_code,
    refusalText: row.refusal_text,
    refusalDetails: refusalDetailsOf(row),
    batchId: row.batch_id,
    batchItem: row.batch_item,
    reference: row.reference,
    tags: row.tags,
    metadata: row.metadata,
    requestId: row.request_id,
    attempt: row.attempt,
    stuckSince: row.stuck_since,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}

function refusalDetailsOf({ state, result }: OrderRow): readonly ErrorDetail[] | null {
  // the engine stores nothing else of one that was refused
  return state === 'released' && result !== null ? (result as RefusedResult).details : null;
}
