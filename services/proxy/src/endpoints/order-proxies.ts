// Buys static proxies.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { SELLING, acceptedAnswer, dryRunAnswer, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import { proxySchema } from '../views/proxy-view';
import { onceProxiesWork } from '../access/until-usable';
import type { NodeDeps } from '../nodes/deps';
import { allowedBlocks, orderBody } from './order-body';
import { orderOffer } from './offers';

const deliverySchema = z
  .object({
    state: z.enum(['complete', 'partial']),
    requested: z.int(),
    delivered: z.int(),
    items: z.array(
      z.object({
        country: z.string(),
        region: z.string().nullable(),
        requested: z.int(),
        delivered: z.int(),
        unit_price_usd: usdOutput,
      }),
    ),
  })
  .meta({ id: 'Delivery' });

export const orderAnswerSchema = z.object({
  order: orderSchema,
  delivery: deliverySchema,
  proxies: z.array(proxySchema),
});

export function orderProxiesEndpoint(deps: NodeDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'order-proxies',
      method: 'POST',
      path: '/orders',
      summary: 'Buy proxies',
      tag: 'Orders',
      ...SELLING,
      autoRenew: ['auto_renew'],
      description:
        'Buys proxies of one product in one or several countries. The unit price is that of the tier the ' +
        'whole order reaches. The money is held first; what is not delivered is released, never charged.',
      body: orderBody.extend(purchaseFields),
      bodyExample: {
        product_id: 'ipv4',
        items: [
          { country: 'DE', quantity: 2 },
          { country: 'US', quantity: 1 },
        ],
        period_days: 30,
        max_price_usd: '10.00',
      },
      responses: {
        200: dryRunAnswer,
        201: { description: 'Delivered, wholly or in part; ready for use.', schema: orderAnswerSchema },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'not_available', 'out_of_stock', 'supplier_error'],
    }),
    async (context) => {
      const blocks = allowedBlocks(context.body, context.clientIp);
      const offer = await orderOffer(deps, context.accountId, context.body, blocks);
      return onceProxiesWork(deps, await sell(deps.service.purchases, context, offer));
    },
  );
}
