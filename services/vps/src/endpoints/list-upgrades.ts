import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { accountOf, pageOfWhole } from '@lumi/shared/listing';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { costOf } from '@lumi/shared/purchase';
import { upgradeTo } from '../purchases/resize-offer';
import { listPlans } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { planSchema, viewPlan } from '../catalogue/plan-view';
import { requireServer } from './require-server';

const upgradeSchema = z.object({
  plan: planSchema,
  price_usd: usdOutput.describe('For the days that are left of what is paid, today.'),
  days: z.int().describe('The days it is for; a begun day counts whole.'),
  renew_price_usd: usdOutput.describe('Every further period.'),
  in_stock: z.boolean(),
});

export function listUpgrades(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-upgrades',
      method: 'GET',
      path: '/servers/{id}/upgrades',
      summary: 'List upgrades of a server',
      tag: 'Servers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Larger plans it can be resized to where it stands, with the price for the rest of the paid time. ' +
        'The price changes once a day.',
      params: serverParams,
      query: pageQuery,
      responses: { 200: { description: 'A page of upgrades, smallest first.', schema: pageOf(upgradeSchema) } },
    }),
    async ({ reach, params, query }) => {
      const server = await requireServer(vps, reach, params.id);
      const plans = await listPlans(vps.service.db.platform);
      const from = plans.find((plan) => plan.id === server.planId);
      const upgrades =
        from === undefined ? [] : plans.flatMap((plan) => upgradeTo(server, from, plan, vps.service.clock.now()) ?? []);
      return json(
        200,
        pageOfWhole(upgrades, {
          route: 'list-upgrades',
          account: accountOf(reach),
          of: server.id,
          query,
          cursors: vps.service.cursors,
          key: ({ plan }) => plan.id,
          view: ({ plan, cost, days, renewPrice, inStock }) => ({
            plan: viewPlan(plan),
            price_usd: formatUsd(costOf(cost)),
            days,
            renew_price_usd: formatUsd(renewPrice),
            in_stock: inStock,
          }),
        }),
      );
    },
  );
}
