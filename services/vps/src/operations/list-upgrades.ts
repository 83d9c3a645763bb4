import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { costOf } from '@lumi/shared/purchase';
import { upgradeTo } from '../purchases/resize-offer';
import { listPlans } from '../store/catalogue';
import type { Vps } from '../vps';
import { serverParams } from '../servers/fields';
import { planSchema, viewPlan } from './plan-view';
import { requireServer } from './require-server';

const upgradeSchema = z.object({
  plan: planSchema,
  price_usd: usdOutput.describe('For the days that are left of what is paid, today.'),
  days: z.int().describe('The days it is for; a begun day counts whole.'),
  renew_price_usd: usdOutput.describe('Every further period.'),
  in_stock: z.boolean(),
});

export function listUpgrades(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-upgrades', method: 'GET', path: '/servers/{id}/upgrades', summary: 'List upgrades of a server', tag: 'Servers', scope: 'read', class: 'regular', reach: 'account',
      description: 'Larger plans it can be resized to where it stands, with the price for the rest of the paid time. The price changes once a day.',
      params: serverParams,
      responses: { 200: { description: 'Upgrades, smallest first.', schema: z.object({ items: z.array(upgradeSchema) }) } },
    }),
    async ({ reach, params }) => {
      const server = await requireServer(vps, reach, params.id);
      const plans = await listPlans(vps.service.db.platform);
      const from = plans.find((plan) => plan.id === server.planId);
      const upgrades = from === undefined ? [] : plans.flatMap((plan) => upgradeTo(server, from, plan, vps.service.clock.now()) ?? []);
      return json(200, {
        items: upgrades.map((upgrade) => ({
          plan: viewPlan(upgrade.plan), price_usd: formatUsd(costOf(upgrade.cost)), days: upgrade.days, renew_price_usd: formatUsd(upgrade.renewPrice), in_stock: upgrade.inStock,
        })),
      });
    },
  );
}
