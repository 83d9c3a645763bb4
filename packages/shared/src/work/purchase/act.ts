// The second step of a purchase: calls the supplier, for a limited time. A call that throws or takes too long is
// unknown, never failed.
import type { AnyThingSold, JsonObject, Order, Outcome } from './thing-sold';
import { timesOf, type PurchaseDeps } from './purchase-deps';

export async function boundedAct(deps: PurchaseDeps, thing: AnyThingSold, order: Order): Promise<Outcome<JsonObject>> {
  const signal = AbortSignal.timeout(timesOf(deps).actLimitMs);
  try {
    return await withAbort(thing.act(order, signal), signal);
  } catch (cause) {
    deps.log.warn('a supplier call threw; its outcome counts as unknown', { order_id: order.id, err: cause });
    return { kind: 'unknown', cause };
  }
}

/** Even an adapter that ignores its signal cannot hold the request without limit. */
export async function withAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        onAbort = () => reject(new Error('the supplier call was cut off'));
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    ]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
