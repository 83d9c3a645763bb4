import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { serverResize, upgradeTo, type Upgrade } from '../purchases/server-resize';
import { refusalOf } from '../servers/server-rules';
import { findPlan } from '../store/catalogue';
import type { Server } from '../store/servers';
import type { Vps } from '../vps';
import { namingTheOther } from '../servers/busy';
import { serverParams } from './fields';
import { requireServer } from './require-server';

const body = z.object({ plan_id: z.string().max(32).describe('One of `GET /servers/{id}/upgrades`.').meta({ example: 's2' }), ...purchaseFields });

export function resizeServer(vps: Vps): Endpoint {
  const thing = serverResize(vps);
  return endpoint(
    defineRoute({
      id: 'resize-server', method: 'POST', path: '/servers/{id}/actions/resize', summary: 'Resize a server', tag: 'Servers', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'Moves the server to a larger plan. Charged is the difference of the renewal prices for the days that are left of what is paid; the expiry stays.',
      params: serverParams, body, bodyExample: { plan_id: 's2', max_price_usd: '2.50' },
      responses: {
        200: { description: 'A dry run: what it would cost.', schema: z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput }) },
        202: { description: 'Being resized; poll the operation.', schema: z.object({ server_id: z.string(), plan_id: z.string(), operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'out_of_stock', 'state_conflict', 'busy', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const server = await requireServer(vps, context.reach, context.params.id);
      const upgrade = await findUpgrade(vps, server, context.body.plan_id);
      const refusal = refusalOf('resize', server) ?? upgradeRefusal(upgrade);
      return purchaseReply(await namingTheOther(vps, server, purchase(vps.service.purchases, {
        thing, subject: server.id, lockKey: null, price: upgrade?.price ?? 0n, refusal, ...requestPart(context),
        item: { server_id: server.id, hostname: server.hostname, machine: server.machine, location_id: server.locationId, from_plan_id: server.planId, plan_id: context.body.plan_id },
      })));
    },
  );
}

async function findUpgrade(vps: Vps, server: Server, planId: string): Promise<Upgrade | null> {
  const [from, to] = await Promise.all([findPlan(vps.service.db.platform, server.planId), findPlan(vps.service.db.platform, planId)]);
  return from === null || to === null ? null : upgradeTo(server, from, to, vps.service.clock.now());
}

function upgradeRefusal(upgrade: Upgrade | null): AppError | null {
  if (upgrade === null) return invalid('plan_id', 'is not an upgrade of this server; see GET /servers/{id}/upgrades');
  return upgrade.inStock ? null : new AppError('out_of_stock', `Plan ${upgrade.plan.id} is out of stock in this location.`);
}
