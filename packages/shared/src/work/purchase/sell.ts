import type { Reply, RequestContext } from '../../counter/endpoint';
import { purchase } from './engine';
import type { PurchaseDeps } from './purchase-deps';
import type { Offer } from './purchase-request';
import { purchaseReply, requestPart, type PurchaseBody } from './request-fields';

/** Buys an endpoint's offer for its request, and replies with the answer. */
export async function sell(
  deps: PurchaseDeps,
  context: RequestContext<unknown, unknown, PurchaseBody>,
  offer: Offer,
): Promise<Reply> {
  return purchaseReply(await purchase(deps, { ...offer, ...requestPart(context) }));
}
