import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { SELLING, dryRunSchema, orderSchema, purchaseFields, sell, type Offer } from '@lumi/shared/purchase';
import { nextPeriodOffer } from '../purchases/next-period-offer';
import { resizeFields, resizeOffer } from '../purchases/resize-offer';
import { namingTheOther } from '../servers/busy';
import { periodField, serverParams } from '../servers/fields';
import type { Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

const body = z.object({
  when: z
    .enum(['now', 'next_period'])
    .optional()
    .describe(
      '`now`, the default: at once, to a larger plan. `next_period`: to any plan or period, from the end of ' +
        'what is paid.',
    ),
  plan_id: resizeFields.plan_id
    .optional()
    .describe(
      'One of `GET /servers/{id}/upgrades`; for the next period any plan of the same architecture that has ' +
        'room for its image. Required, unless the next period gets another length only.',
    ),
  period_months: periodField.describe('Only for the next period: its length.'),
  ...purchaseFields,
});

const nextPeriodSchema = z.object({
  server_id: z.string(),
  plan_id: z.string(),
  period_months: z.int(),
  starts_at: z.string(),
  renew_price_usd: usdOutput,
  order: orderSchema,
});

const answer = z.object({ server_id: z.string(), plan_id: z.string(), operation_id: z.string(), order: orderSchema });

export function resizeServer(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'resize-server',
      method: 'POST',
      path: '/servers/{id}/actions/resize',
      summary: 'Resize a server',
      tag: 'Servers',
      ...SELLING,
      description:
        'At once to a larger plan: each payment of which days are left is charged what the larger plan ' +
        'costs more for them; the expiry stays. Or, with `when: "next_period"`, to any plan or period when ' +
        ('the paid time is over: that costs nothing, shows as `next_period`, is what renewals are priced by, ' +
          'and can be taken back by `DELETE /servers/{id}/next-period` until a renewal has paid for it. Where ' +
          'the disk becomes smaller, what is on it must fit: otherwise the change fails, and is tried again ' +
          'until it does.'),
      params: serverParams,
      body,
      bodyExample: { plan_id: 's2', max_price_usd: '2.50' },
      responses: {
        200: {
          description: 'Resized; planned for the next period; or, with `dry_run`, what it would cost.',
          schema: z.union([answer, nextPeriodSchema, dryRunSchema]),
        },
        202: { description: 'Being resized; poll the operation.', schema: answer },
      },
      errors: ['price_changed', 'out_of_stock', 'state_conflict', 'busy', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const server = await requireServer(vps, context.reach, context.params.id);
      const offer = await offerOf(vps, server, context.body);
      return namingTheOther(vps, server, sell(vps.service.purchases, context, offer));
    },
  );
}

function offerOf(vps: VpsDeps, server: Server, wanted: z.output<typeof body>): Promise<Offer> {
  if (wanted.when === 'next_period') {
    if (wanted.plan_id === undefined && wanted.period_months === undefined)
      throw invalid('plan_id', 'is required, or period_months');
    return nextPeriodOffer(vps, server, wanted);
  }
  if (wanted.plan_id === undefined) throw invalid('plan_id', 'is required');
  if (wanted.period_months !== undefined)
    throw invalid('period_months', 'can only change with the next period: say "when": "next_period"');
  return resizeOffer(vps, server, wanted.plan_id);
}
