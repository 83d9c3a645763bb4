import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { dryRunAnswer, orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { resizeFields, resizeOffer } from '../purchases/resize-offer';
import { namingTheOther } from '../servers/busy';
import { serverParams } from '../servers/fields';
import type { Vps } from '../vps';
import { requireServer } from './require-server';

export function resizeServer(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'resize-server', method: 'POST', path: '/servers/{id}/actions/resize', summary: 'Resize a server', tag: 'Servers', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'Moves the server to a larger plan. Charged is the difference of the renewal prices for the days that are left of what is paid; the expiry stays.',
      params: serverParams, body: z.object({ ...resizeFields, ...purchaseFields }), bodyExample: { plan_id: 's2', max_price_usd: '2.50' },
      responses: {
        200: dryRunAnswer,
        202: { description: 'Being resized; poll the operation.', schema: z.object({ server_id: z.string(), plan_id: z.string(), operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'out_of_stock', 'state_conflict', 'busy', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const server = await requireServer(vps, context.reach, context.params.id);
      const offer = await resizeOffer(vps, server, context.body.plan_id);
      return purchaseReply(await namingTheOther(vps, server, purchase(vps.service.purchases, { ...offer, ...requestPart(context) })));
    },
  );
}
