// Recovery: every open order whose deadline has passed is taken over (a new attempt fences the old one), the supplier
// is asked by our reference, and the order is settled. What it cannot decide is marked stuck for the operators and
// asked again, ever more slowly.
import { backoffMs } from '../../ground/runtime';
import { noteMoneyStep } from '../../base/ledger';
import { resumed } from '../../base/tracing';
import type { AnyThingSold, JsonObject, LookUp, Order } from './thing-sold';
import { concludeOrder } from './conclude';
import { timesOf, type PurchaseDeps } from './purchase-deps';
import { withAbort } from './act';
import { postpone, takeOver } from './money-step';

/** A look-up, another try and the settlement must all end within the lease. */
const LEASE_PARTS = 3;
const BACKOFF = { firstMs: 1_000, lastMs: 300_000 };
/** Unsettled for this long, operators are notified. Recovery continues to ask. */
export const STUCK_AFTER_MS = 600_000;

export interface Recovered {
  readonly taken: number;
  readonly settled: number;
}

/** One round over at most `limit` orders; call it again while `taken === limit`. */
export async function recoverOrders(
  deps: PurchaseDeps,
  things: ReadonlyMap<string, AnyThingSold>,
  product: string,
  limit = 20,
): Promise<Recovered> {
  const orders = await takeOver(deps.db.platform, { product, limit, leaseMs: timesOf(deps).leaseMs });
  for (const order of orders) noteMoneyStep(order, 'taken_over');
  const settled = await Promise.all(
    orders.map((order) =>
      resumed('recover purchase', order.requestId, { 'lumi.product': product, 'lumi.kind': order.kind }, () =>
        recoverOne(deps, things, order),
      ),
    ),
  );
  return { taken: orders.length, settled: settled.filter(Boolean).length };
}

async function recoverOne(
  deps: PurchaseDeps,
  things: ReadonlyMap<string, AnyThingSold>,
  order: Order,
): Promise<boolean> {
  const thing = things.get(order.kind);
  if (thing === undefined) {
    deps.log.error('no code knows this kind of order', { order_id: order.id, kind: order.kind, alert: true });
    await stillUnknown(deps, order);
    return false;
  }
  await deps.checkpoint?.('after-take-over', order.id);
  const found = await ask(thing, order, Math.floor(timesOf(deps).leaseMs / LEASE_PARTS));
  await deps.checkpoint?.('after-look-up', order.id);
  if (found.kind === 'unknown' || found.kind === 'absent') {
    deps.log.warn('recovery could not decide an order; it will ask again', {
      order_id: order.id,
      kind: order.kind,
      attempt: order.attempt,
      err: found.kind === 'unknown' ? found.cause : undefined,
    });
    await stillUnknown(deps, order);
    return false;
  }
  if (found.kind === 'pending') {
    await postpone(deps.db.platform, {
      orderId: order.id,
      attempt: order.attempt,
      state: 'pending',
      supplierRef: found.supplierRef,
      wakeAfterMs: found.checkAfterMs ?? backoffMs(order.attempt - 2, BACKOFF),
      stuck: isStuck(deps, order),
    });
    return false;
  }
  const answer = await concludeOrder(deps, thing, order, found);
  deps.log.info('an open order was settled by recovery', {
    order_id: order.id,
    outcome: found.kind,
    attempt: order.attempt,
  });
  return answer.order?.settledAt !== null;
}

/**
 * The supplier never saw it: send it again under the same reference, so that a late first try cannot become a second
 * purchase.
 */
async function ask(thing: AnyThingSold, order: Order, limitMs: number): Promise<LookUp<JsonObject>> {
  try {
    const lookUpSignal = AbortSignal.timeout(limitMs);
    const found = await withAbort(thing.lookUp(order, lookUpSignal), lookUpSignal);
    if (found.kind !== 'absent') return found;
    const actSignal = AbortSignal.timeout(limitMs);
    return await withAbort(thing.act(order, actSignal), actSignal);
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
}

async function stillUnknown(deps: PurchaseDeps, order: Order): Promise<void> {
  const stuck = isStuck(deps, order);
  if (stuck && order.stuckSince === null)
    deps.log.error('an order cannot be decided; it waits for an operator', {
      order_id: order.id,
      kind: order.kind,
      alert: true,
    });
  await postpone(deps.db.platform, {
    orderId: order.id,
    attempt: order.attempt,
    state: order.state === 'pending' ? 'pending' : 'acting',
    supplierRef: null,
    wakeAfterMs: backoffMs(order.attempt - 2, BACKOFF),
    stuck,
  });
}

function isStuck(deps: PurchaseDeps, order: Order): boolean {
  return deps.clock.nowMs() - order.createdAt.getTime() > STUCK_AFTER_MS;
}
