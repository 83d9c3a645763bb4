// Renews all proxies of an order together.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { currentExpiryField } from '@lumi/shared/lifecycle';
import { usdOutput } from '@lumi/shared/money';
import { SELLING, acceptedAnswer, dryRunSchema, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { renewOrderOffer } from './offers';

export const renewedSchema = z
  .object({
    order: orderSchema,
    proxies: z.array(
      z.object({ id: z.string(), previous_expires_at: z.string(), expires_at: z.string(), price_usd: usdOutput }),
    ),
  })
  .meta({ id: 'Renewal' });

export function renewOrder(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'renew-order',
      method: 'POST',
      path: '/orders/{id}/renew',
      summary: 'Renew the proxies of an order',
      tag: 'Orders',
      ...SELLING,
      description:
        'Extends every proxy of the order that is alive or in grace, all or none; with a suspended one it is `423`. ' +
        '`current_expires_at` is ' +
        'the expiry you see now: a request that comes a second time does not extend twice, even under ' +
        'another Idempotency-Key.',
      params: z.object({ id: idParam('ord', 'the order that bought the proxies') }),
      body: z.object({
        period_days: z.int().min(1).max(365),
        current_expires_at: currentExpiryField,
        ...purchaseFields,
      }),
      bodyExample: { period_days: 30, current_expires_at: '2026-07-09T12:00:00Z' },
      responses: {
        200: {
          description: 'Renewed; for a dry run, what it would cost.',
          schema: z.union([renewedSchema, dryRunSchema]),
        },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'suspended', 'busy', 'supplier_error'],
    }),
    async (context) =>
      sell(
        deps.service.purchases,
        context,
        await renewOrderOffer(deps, context.reach, context.params.id, context.body),
      ),
  );
}
