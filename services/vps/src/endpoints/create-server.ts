import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint, type Reply, type RequestContext } from '@lumi/shared/endpoint';
import { SELLING, dryRunAnswer, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import { createFields, createOffers } from '../purchases/create-offer';
import { serverSchema } from '../servers/server-view';
import type { VpsDeps } from '../deps';

const body = z.object({ ...createFields, ...purchaseFields });
const answer = z.object({ server: serverSchema, operation_id: z.string(), order: orderSchema });

export function createServer(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-server',
      bodyBytesMax: 128 * 1024,
      method: 'POST',
      path: '/servers',
      summary: 'Buy a server',
      tag: 'Servers',
      ...SELLING,
      autoRenew: ['auto_renew'],
      description:
        'The server exists at once, in state `provisioning`; poll the operation, which also tells a ' +
        'generated root password, for a day. Money is held first, charged when the server is ready, and ' +
        'released when it cannot be made.',
      body,
      bodyExample: {
        plan_id: 's1',
        locations: ['ams', 'fra'],
        image_id: 'debian-13',
        hostname: 'web-1.example.com',
        max_price_usd: '4.00',
      },
      responses: {
        200: dryRunAnswer,
        201: { description: 'The server is ready.', schema: answer },
        202: {
          description:
            'The server is being made: poll the operation, or send the request again until it is no longer ' +
            '`in_progress`.',
          schema: answer,
        },
      },
      errors: ['price_changed', 'out_of_stock', 'not_available', 'supplier_error'],
    }),
    async (context) => buyServer(vps, context),
  );
}

/** When a location sells out between look-up and hold, the next location is tried. */
async function buyServer(
  vps: VpsDeps,
  context: RequestContext<unknown, unknown, z.output<typeof body>>,
): Promise<Reply> {
  const offers = await createOffers(vps, context.accountId, context.body);
  let ranOut: unknown;
  for (const offer of offers) {
    try {
      return await sell(vps.service.purchases, context, offer);
    } catch (err) {
      if (!(err instanceof AppError) || err.code !== 'out_of_stock') throw err;
      ranOut = err;
    }
  }
  throw ranOut;
}
