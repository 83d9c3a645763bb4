// The last step of a purchase: the hold is captured or released in one statement, or the order is left for recovery.
import { AppError, newId, type ErrorCode, type ErrorDetail } from '../../ground/contract';
import { errorBody } from '../../base/http/errors';
import { noteMoneyStep } from '../../base/ledger';
import { postpone, settle } from './money-step';
import type { RefusedResult } from './refused-result';
import { costOf } from './terms';
import type { AnyThingSold, JsonObject, Order, Outcome } from './thing-sold';
import { timesOf, type ConcludeDeps } from './purchase-deps';
import { acceptedAnswer, placeOf, type PurchaseAnswer } from './purchase-answer';

/** Stores the supplier's answer. The request that bought, recovery and an operator's decision use it. */
export async function concludeOrder(
  deps: ConcludeDeps,
  thing: AnyThingSold,
  order: Order,
  outcome: Outcome<JsonObject>,
): Promise<PurchaseAnswer> {
  switch (outcome.kind) {
    case 'done':
      return capture(deps, thing, order, outcome);
    case 'refused':
      return release(deps, thing, order, outcome);
    case 'pending':
      noteMoneyStep(order, 'pending');
      await postpone(deps.db.platform, {
        orderId: order.id,
        attempt: order.attempt,
        state: 'pending',
        supplierRef: outcome.supplierRef,
        wakeAfterMs: outcome.checkAfterMs ?? timesOf(deps).pendingWakeMs,
        stuck: false,
      });
      return acceptedAnswer(thing, { ...order, state: 'pending', supplierRef: outcome.supplierRef });
    case 'unknown':
      noteMoneyStep(order, 'unknown');
      deps.log.warn('supplier outcome unknown; the hold stays', {
        order_id: order.id,
        kind: order.kind,
        err: outcome.cause,
      });
      await postpone(deps.db.platform, {
        orderId: order.id,
        attempt: order.attempt,
        state: 'acting',
        supplierRef: null,
        wakeAfterMs: timesOf(deps).unknownWakeMs,
        stuck: false,
      });
      return acceptedAnswer(thing, order);
  }
}

async function capture(
  deps: ConcludeDeps,
  thing: AnyThingSold,
  order: Order,
  outcome: Extract<Outcome<JsonObject>, { kind: 'done' }>,
): Promise<PurchaseAnswer> {
  const settledAt = deps.clock.now();
  const delivered = thing.delivered?.(order, outcome.result) ?? null;
  const charged = delivered === null ? order.price : costOf(delivered);
  const final: Order = {
    ...order,
    state: 'captured',
    charged,
    supplierRef: outcome.supplierRef ?? order.supplierRef,
    settledAt,
  };
  const answer = thing.answer(final, outcome.result);
  const bytes = Buffer.from(JSON.stringify(answer.body), 'utf8');
  const location = placeOf(order, answer.location);
  const settled = await settle(deps, {
    orderId: order.id,
    accountId: order.accountId,
    hasRowsOfItsOwn: thing.hasRowsOfItsOwn ?? false,
    attempt: order.attempt,
    charge: charged,
    delivered,
    transferId: newId('trf', deps.clock.nowMs()),
    description: thing.describe(final),
    answer: { status: answer.status, body: bytes, location },
    result: outcome.result,
    refusal: null,
    supplierRef: outcome.supplierRef ?? null,
    settledAt,
    events: thing.events(final, outcome.result).map((event) => ({ id: newId('evt', deps.clock.nowMs()), ...event })),
    deliver: thing.deliver(final, outcome.result),
  });
  if (!settled) return fencedAnswer(deps, thing, order);
  noteMoneyStep(order, 'captured');
  await deps.checkpoint?.('after-settle', order.id);
  return { status: answer.status, bytes, location, replayOf: null, order: final, error: null };
}

/**
 * Lumi finds these before the hold, and does not store them; suppliers find them after it, and they are stored. The
 * body must say which.
 */
const FOUND_BY_BOTH: ReadonlySet<ErrorCode> = new Set(['price_changed', 'not_available', 'out_of_stock']);
const KEY_IS_USED: ErrorDetail = {
  path: 'Idempotency-Key',
  message: 'this refusal is remembered under it; try again under another',
};

async function release(
  deps: ConcludeDeps,
  thing: AnyThingSold,
  order: Order,
  refusal: Extract<Outcome<JsonObject>, { kind: 'refused' }>,
): Promise<PurchaseAnswer> {
  const { code, text } = refusal;
  const details =
    FOUND_BY_BOTH.has(code) && order.batchId === null ? [...(refusal.details ?? []), KEY_IS_USED] : refusal.details;
  const error = new AppError(code, text, details === undefined ? {} : { details });
  const result: RefusedResult | null = details === undefined ? null : { details };
  const bytes = Buffer.from(JSON.stringify(errorBody(error, order.requestId)), 'utf8');
  const settledAt = deps.clock.now();
  const final: Order = {
    ...order,
    state: 'released',
    refusalCode: code,
    refusalText: error.message,
    refusalDetails: details ?? null,
    settledAt,
  };
  const settled = await settle(deps, {
    orderId: order.id,
    accountId: order.accountId,
    hasRowsOfItsOwn: thing.hasRowsOfItsOwn ?? false,
    attempt: order.attempt,
    charge: null,
    delivered: null,
    transferId: newId('trf', deps.clock.nowMs()),
    description: thing.describe(order),
    answer: { status: error.status, body: bytes, location: null },
    result,
    refusal: { code, text: error.message },
    supplierRef: null,
    settledAt,
    events: [
      {
        id: newId('evt', deps.clock.nowMs()),
        type: 'order.failed',
        subject: order.subject,
        data: { order_id: order.id, code },
      },
    ],
    deliver: thing.undo?.(final) ?? [],
  });
  if (!settled) return fencedAnswer(deps, thing, order);
  noteMoneyStep(order, 'released');
  await deps.checkpoint?.('after-settle', order.id);
  return { status: error.status, bytes, location: null, replayOf: null, order: final, error };
}

/** Another process owns the order now: it will get the same answer, and our caller polls. */
function fencedAnswer(deps: ConcludeDeps, thing: AnyThingSold, order: Order): PurchaseAnswer {
  noteMoneyStep(order, 'fenced');
  deps.log.warn('a late attempt was fenced', { order_id: order.id, attempt: order.attempt });
  return acceptedAnswer(thing, order);
}
