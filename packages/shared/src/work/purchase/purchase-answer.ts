// The answer of the purchase engine: the bytes that are sent, and stored for a repeat of the request.
import { AppError, BASE_PATHS, type Product } from '../../ground/contract';
import type { StoredAnswer } from '../../base/idempotency';
import { formatUsd } from '../../ground/money';
import { operationIdOf, viewOrder } from './order-view';
import { priceOf } from './terms';
import type { AnyThingSold, Order } from './thing-sold';
import type { PurchaseRequest } from './purchase-request';

export interface PurchaseAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly location: string | null;
  /** Set when the answer was stored by an earlier identical request. */
  readonly replayOf: string | null;
  readonly order: Order | null;
  readonly error: AppError | null;
}

export function storedAnswer(stored: StoredAnswer): PurchaseAnswer {
  return {
    status: stored.status,
    bytes: stored.body,
    location: stored.location,
    replayOf: stored.requestId,
    order: null,
    error: null,
  };
}

export function dryRunAnswer(request: PurchaseRequest): PurchaseAnswer {
  return {
    ...jsonAnswer(200, {
      dry_run: true,
      would_succeed: true,
      kind: request.thing.kind,
      subject: request.subject,
      price_usd: formatUsd(priceOf(request)),
    }),
    order: null,
  };
}

export function acceptedAnswer(thing: AnyThingSold, order: Order): PurchaseAnswer {
  const answer = thing.pendingAnswer?.(order) ?? {
    body: { operation_id: operationIdOf(order.id), order: viewOrder(order) },
  };
  return {
    ...jsonAnswer(202, answer.body),
    location: placeOf(order, answer.location ?? `/operations/${operationIdOf(order.id)}`),
    order,
  };
}

/** Its path from outside: a path of the product begins with its base. */
export function placeOf(order: Order, path: string | undefined): string | null {
  // only products make orders
  return path === undefined ? null : `${BASE_PATHS[order.product as Product]}${path}`;
}

function jsonAnswer(status: number, body: unknown): Omit<PurchaseAnswer, 'order'> {
  return { status, bytes: Buffer.from(JSON.stringify(body), 'utf8'), location: null, replayOf: null, error: null };
}
