// Many orders of proxies. The shared room `batches` has the envelope, the batch and the retries.
import { z } from 'zod';
import { oneByOne } from '@lumi/shared/endpoint';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { purchaseFields } from '@lumi/shared/purchase';
import type { ProxyDeps } from '../deps';
import { allowedField } from './fields';
import { allowedBlocks, orderBody } from './order-body';
import { orderOffer } from './offers';

/** Items are stored as they came, so they carry no password. The pairs are generated and can be changed afterwards. */
const bulkOrderBody = orderBody.extend({
  auth: z
    .strictObject({
      mode: z.enum(['userpass', 'ip', 'both']).optional(),
      ips: z.array(allowedField).max(20).optional(),
    })
    .optional()
    .describe('`userpass` if absent. Pairs are made up; set your own with `PUT /proxies/{id}/credentials`.'),
  ...purchaseFields,
});

export function bulkOrderProxies(deps: ProxyDeps): BulkKind {
  return bulkKind({
    id: 'bulk-order-proxies',
    path: '/orders/bulk',
    tag: 'Orders',
    summary: 'Buy many orders of proxies',
    description: 'Each item is an order of its own, with the fields of `POST /orders` but no password.',
    item: bulkOrderBody,
    itemExample: { product_id: 'ipv4', items: [{ country: 'DE', quantity: 1 }], period_days: 30 },
    errors: ['price_changed', 'not_available', 'out_of_stock', 'supplier_error'],
    identify: (body) => ({
      subject: `${String(body.items.reduce((sum, item) => sum + item.quantity, 0))} × ${body.product_id}`,
      once: null,
    }),
    prepare: (accountId, bodies) =>
      oneByOne(bodies, (body) => orderOffer(deps, accountId, body, allowedBlocks(body, null))),
  });
}
