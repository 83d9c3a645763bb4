// Many renewals of proxies. The shared room `batches` has the envelope, the batch and the retries.
import { z } from 'zod';
import { oneByOne } from '@lumi/shared/endpoint';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { currentExpiryField } from '@lumi/shared/lifecycle';
import { purchaseFields } from '@lumi/shared/purchase';
import type { ProxyDeps } from '../deps';
import { idField } from './fields';
import { renewProxyOffer } from './offers';

const renewalBody = z.object({
  proxy_id: idField('the proxy'),
  current_expires_at: currentExpiryField,
  period_days: z.int().min(1).max(365),
  ...purchaseFields,
});

export function bulkRenewProxies(deps: ProxyDeps): BulkKind {
  return bulkKind({
    id: 'bulk-renew-proxies',
    path: '/proxies/renew',
    tag: 'Proxies',
    summary: 'Renew many proxies',
    description:
      'Each item renews one proxy, at the price of one; `POST /orders/{id}/renew` renews all of an order at the ' +
      'price of their number. Put `period_days` into `defaults` when it is the same for all.',
    item: renewalBody,
    itemExample: {
      proxy_id: 'prx_01k000000000000000000000',
      current_expires_at: '2026-07-09T12:00:00Z',
      period_days: 30,
    },
    errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'suspended', 'busy', 'not_found', 'supplier_error'],
    about: 'proxy_id',
    identify: (body) => ({ subject: body.proxy_id, once: body.proxy_id }),
    prepare: (accountId, bodies) =>
      oneByOne(bodies, (body) => renewProxyOffer(deps, { kind: 'account', accountId }, body.proxy_id, body)),
  });
}
