// The first step of a purchase: the price is held, or the request is refused or answered as before.
import { AppError } from '../../ground/contract';
import type { Rider } from '../../base/db';
import { refuseOrReplay } from '../../base/idempotency';
import { noteHoldRefusal, noteMoneyStep } from '../../base/ledger';
import { begin, type BeginOutcome } from './money-step';
import { constraintName, refusalOfDatabase } from './money-step-refusal';
import { LINE_TAKEN } from './quoted-price';
import { operationIdOf } from './order-view';
import type { AnyThingSold, Order } from './thing-sold';
import { timesOf, type PurchaseDeps } from './purchase-deps';
import type { PurchaseRequest } from './purchase-request';
import { storedAnswer, type PurchaseAnswer } from './purchase-answer';

interface HoldOptions {
  readonly isDryRun: boolean;
  readonly rider: ((orderId: string) => Rider<'begun'>) | null;
  readonly mayRetry: boolean;
}

export async function holdMoney(
  deps: PurchaseDeps,
  request: PurchaseRequest,
  order: Order,
  { isDryRun, rider, mayRetry }: HoldOptions,
): Promise<BeginOutcome | 'line taken'> {
  await deps.checkpoint?.('before-hold', order.id);
  try {
    const begun = await begin(deps.db.direct, {
      order,
      lockKey: request.lockKey,
      claim: request.claim,
      keyId: request.principal.keyId,
      lineageId: request.principal.lineageId,
      isOperator: request.principal.type === 'operator',
      defaultCap: deps.defaultCap,
      wakeAfterMs: timesOf(deps).leaseMs,
      dryRun: isDryRun,
      hasRowsOfItsOwn: request.thing.hasRowsOfItsOwn ?? false,
      termsNow: isDryRun || request.thing.termsNow === 'fixed' ? null : request.thing.termsNow(order, deps.clock.now()),
      prepare: isDryRun
        ? []
        : [...(request.thing.prepare?.(order) ?? []), ...(rider === null ? [] : [rider(order.id)])],
    });
    if (begun.outcome !== 'held') noteHoldRefusal(order, begun.outcome);
    else if (!isDryRun) noteMoneyStep(order, 'held');
    return begun;
  } catch (err) {
    if (mayRetry && constraintName(err) === LINE_TAKEN) return 'line taken';
    throw (
      changeRefusal(request.thing, err) ??
      refusalOfDatabase(err, (constraint) =>
        constraint === LINE_TAKEN ? 'price_changed' : (request.thing.refusalOfConstraint?.(constraint) ?? null),
      )
    );
  }
}

/** The guard of the hold found that one of the terms has changed. */
function changeRefusal(thing: AnyThingSold, err: unknown): AppError | null {
  const fact = /^terms_(.+)$/.exec(constraintName(err) ?? '')?.[1];
  if (fact === undefined) return null;
  const code =
    thing.refusalOfChange?.[fact] ?? (fact === 'state' || fact === 'object' ? 'state_conflict' : 'price_changed');
  return new AppError(code, undefined, {
    details: [{ path: fact, message: 'has changed since the price was computed; read it again' }],
    cause: err,
  });
}

export function replayOrRefuse(begun: BeginOutcome, request: PurchaseRequest): PurchaseAnswer {
  switch (begun.outcome) {
    case 'no_account':
      throw new AppError('not_found');
    case 'cap':
      throw new AppError('daily_cap_exceeded');
    case 'balance':
      throw new AppError('insufficient_balance');
    case 'busy':
      // The product's own reason (taken, already owned) is more useful than "busy"; another account's order is not
      // revealed.
      throw (
        request.refusal ??
        (begun.other_order === null
          ? new AppError('not_available')
          : new AppError('busy', undefined, {
              details: [{ path: 'operation_id', message: operationIdOf(begun.other_order) }],
            }))
      );
    default:
      return storedAnswer(refuseOrReplay(begun));
  }
}
