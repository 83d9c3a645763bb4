// The operations that can be quoted. The function that prices the purchase also prices its quote.
import { z } from 'zod';
import { oneByOne, type Reach } from '@lumi/shared/endpoint';
import { currentExpiryField } from '@lumi/shared/lifecycle';
import { quoteOperation, type QuoteOperations } from '@lumi/shared/quotes';
import { findProxies } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { trafficBody } from './traffic-purchase';
import { allFound, countryField, gbField, idField } from './fields';
import { allowedBlocks, orderBody } from './order-body';
import { orderOffer, kindOf, renewOrderOffer, renewProxyOffer } from './offers';
import { replacementOffer } from './replacement-offer';
import { topUpOffer, trafficOffer } from './traffic-offers';

export const QUOTE_EXAMPLE = {
  operation: 'order',
  items: [{ product_id: 'ipv4', items: [{ country: 'DE', quantity: 10 }], period_days: 30 }],
};

const renewal = { period_days: z.int().min(1).max(365), current_expires_at: currentExpiryField.optional() };

export function quoteOperations(deps: ProxyDeps): QuoteOperations {
  return {
    order: quoteOperation(orderBody, (accountId, items) =>
      oneByOne(items, (item) => orderOffer(deps, accountId, item, allowedBlocks(item, null))),
    ),
    renew: quoteOperation(z.object({ proxy_id: idField('the proxy'), ...renewal }), (accountId, items) =>
      oneByOne(items, (item) => renewProxyOffer(deps, reachOf(accountId), item.proxy_id, item)),
    ),
    renew_order: quoteOperation(z.object({ order_id: idField('the order'), ...renewal }), (accountId, items) =>
      oneByOne(items, (item) => renewOrderOffer(deps, reachOf(accountId), item.order_id, item)),
    ),
    traffic: quoteOperation(trafficBody, (accountId, items) =>
      oneByOne(items, (item) => trafficOffer(deps, accountId, item)),
    ),
    topup: quoteOperation(z.object({ traffic_plan_id: idField('the plan'), gb: gbField }), (accountId, items) =>
      oneByOne(items, (item) => topUpOffer(deps, reachOf(accountId), item.traffic_plan_id, item.gb)),
    ),
    replace: quoteOperation(
      z.object({ proxy_ids: z.array(z.string().max(64)).min(1).max(100), country: countryField.optional() }),
      (accountId, items) =>
        oneByOne(items, async (item) => {
          const rows = allFound(
            item.proxy_ids,
            await findProxies(deps.service.db.platform, reachOf(accountId), item.proxy_ids),
          );
          return replacementOffer(deps, rows, kindOf(rows), item);
        }),
    ),
  };
}

function reachOf(accountId: string): Reach {
  return { kind: 'account', accountId };
}
