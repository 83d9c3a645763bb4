// An order, from its row.
import type { ErrorDetail } from '../../ground/contract';
import type { OrderModel } from '../../base/db';
import type { Terms } from './terms';
import type { JsonObject, Order, OrderState } from './thing-sold';
import type { RefusedResult } from './refused-result';

export function orderOfRow(row: OrderModel): Order {
  return {
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    kind: row.kind,
    subject: row.subject,
    item: row.item as JsonObject,
    terms: row.terms as unknown as Terms, // written by the engine
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
    metadata: row.metadata as JsonObject | null,
    requestId: row.request_id,
    attempt: row.attempt,
    stuckSince: row.stuck_since,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}

function refusalDetailsOf({ state, result }: OrderModel): readonly ErrorDetail[] | null {
  // the engine stores nothing else of a refused order
  return state === 'released' && result !== null ? (result as unknown as RefusedResult).details : null;
}
