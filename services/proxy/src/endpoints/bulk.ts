// Bulk purchases: many orders, many renewals. Envelope, batch and retries are the shared room's.
import { z } from 'zod';
import { oneByOne } from '@lumi/shared/contract';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { currentExpiryField } from '@lumi/shared/lifecycle';
import { purchaseFields } from '@lumi/shared/purchase';
import type { ProxyDeps } from '../proxy';
import { allowedField, idField } from './fields';
import { allowedBlocks, orderBody } from './order-body';
import { orderPart, renewProxyPart } from './selling-parts';

/** Items are stored as they came, so they carry no password: pairs are made up, and changed afterwards where that is wanted. */
const bulkOrderBody = orderBody.extend({
  auth: z.strictObject({ mode: z.enum(['userpass', 'ip', 'both']).optional(), ips: z.array(allowedField).max(20).optional() }).optional().describe('`userpass` if absent. Pairs are made up; set your own with `PUT /proxies/{id}/credentials`.'),
  ...purchaseFields,
});

const renewalBody = z.object({
  proxy_id: idField('the proxy'),
  current_expires_at: currentExpiryField,
  period_days: z.int().min(1).max(365),
  ...purchaseFields,
});

export function bulkKinds(deps: ProxyDeps): BulkKind[] {
  return [
    bulkKind({
      id: 'bulk-order-proxies', path: '/orders/bulk', tag: 'Orders', summary: 'Buy many orders of proxies', description: 'Each item is an order of its own, with the fields of `POST /orders` but no password.',
      item: bulkOrderBody, itemExample: { product_id: 'ipv4', items: [{ country: 'DE', quantity: 1 }], period_days: 30 }, errors: ['price_changed', 'not_available', 'out_of_stock', 'supplier_error'],
      identify: (body) => ({ subject: `${String(body.items.reduce((sum, item) => sum + item.quantity, 0))} × ${body.product_id}`, once: null }),
      prepare: (accountId, bodies) => oneByOne(bodies, (body) => orderPart(deps, accountId, body, allowedBlocks(body, null))),
    }),
    bulkKind({
      id: 'bulk-renew-proxies', path: '/proxies/renew', tag: 'Proxies', summary: 'Renew many proxies',
      description: 'Each item renews one proxy, at the price of one; `POST /orders/{id}/renew` renews all of an order at the price of their number. Put `period_days` into `defaults` when it is the same for all.',
      item: renewalBody, itemExample: { proxy_id: 'prx_01k000000000000000000000', current_expires_at: '2026-07-09T12:00:00Z', period_days: 30 }, errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'busy', 'not_found', 'supplier_error'],
      about: 'proxy_id',
      identify: (body) => ({ subject: body.proxy_id, once: body.proxy_id }),
      prepare: (accountId, bodies) => oneByOne(bodies, (body) => renewProxyPart(deps, { kind: 'account', accountId }, body.proxy_id, body)),
    }),
  ];
}
