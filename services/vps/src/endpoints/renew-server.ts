import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { SELLING, acceptedSchema, dryRunSchema, orderSchema, purchaseFields, sell } from '@lumi/shared/purchase';
import { renewFields, renewOffer } from '../purchases/renew-offer';
import { serverParams } from '../servers/fields';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

const renewedSchema = z.object({
  server_id: z.string(),
  period_months: z.int(),
  previous_expires_at: z.string(),
  expires_at: z.string(),
  price_usd: usdOutput,
  order: orderSchema,
});

export function renewServer(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'renew-server',
      method: 'POST',
      path: '/servers/{id}/renew',
      summary: 'Renew a server',
      tag: 'Servers',
      ...SELLING,
      description:
        'Adds a period to `expires_at`, also in grace and while suspended. It lifts a suspension for non-payment, ' +
        'and cancels a deletion planned for the end of the period.',
      params: serverParams,
      body: z.object({ ...renewFields, ...purchaseFields }),
      bodyExample: { current_expires_at: '2026-07-09T12:00:00Z', max_price_usd: '4.00' },
      responses: {
        200: {
          description: 'Renewed; or, with `dry_run`, what it would cost.',
          schema: z.union([renewedSchema, dryRunSchema]),
        },
        202: {
          description: 'A suspended server is being brought back; the money is taken when it runs.',
          schema: acceptedSchema,
        },
      },
      errors: [
        'price_changed',
        'expiry_mismatch',
        'not_available',
        'state_conflict',
        'busy',
        'suspended',
        'supplier_error',
      ],
    }),
    async (context) => {
      const offer = await renewOffer(vps, await requireServer(vps, context.reach, context.params.id), context.body);
      return sell(vps.service.purchases, context, offer);
    },
  );
}
