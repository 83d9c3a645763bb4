// A larger plan for the time that is already paid. The hold reserves stock of the new plan; the capture releases stock
// of the old plan.
import { fromStep, rider, usingStep } from '@lumi/shared/db';
import {
  operationIdOf,
  thingSold,
  viewOrder,
  type AnyThingSold,
  type JsonObject,
  type Order,
  type OrderView,
  type ThingSold,
} from '@lumi/shared/purchase';
import { withServerTruth, type ServerAbout } from '../servers/sync-server';
import { findPlan } from '../catalogue/catalogue';
import { lockServer, unlockServer } from '../store/server-lock';
import type { ActionResult, MachineAction } from '../supplier/hypervisor';
import type { VpsDeps } from '../deps';
import type { Stretch } from '../store/stretch';
import { termsOfServer } from './terms-now';
import { createRefusal, giveStockBack, takeStock } from './server-create';

export interface ResizeItem extends JsonObject {
  readonly server_id: string;
  readonly hostname: string;
  readonly machine: string;
  readonly location_id: string;
  readonly from_plan_id: string;
  readonly plan_id: string;
  /** The stretches of paid time afterwards. */
  readonly stretches: readonly Stretch[];
}

type Resized = ActionResult & JsonObject;

export function serverResize(vps: VpsDeps): ThingSold<ResizeItem, Resized> & AnyThingSold {
  return thingSold<ResizeItem, Resized>({
    kind: 'server_resize',
    describe: ({ item }) => `Upgrade of server ${item.hostname} from ${item.from_plan_id} to ${item.plan_id}`,
    act: async (order, signal) =>
      withServerTruth(
        vps,
        aboutOf(order),
        await vps.hypervisor.act(order.id, order.item.machine, await resizeTo(vps, order), signal),
      ),
    lookUp: async (order, signal) =>
      withServerTruth(
        vps,
        aboutOf(order),
        await vps.hypervisor.lookUp(order.id, order.item.machine, await resizeTo(vps, order), signal),
      ),
    termsNow: ({ item }, at) =>
      termsOfServer(item.server_id, at, ['state', 'plan_id', 'location_id', 'expires_at', 'days', 'stretches']),
    prepare: ({ id, item }) => [
      lockServer({ serverId: item.server_id, operationId: operationIdOf(id), action: 'resize' }, fromStep('begun')),
      takeStock(item.plan_id, item.location_id, fromStep('begun')),
    ],
    deliver: ({ id, item }, result) => [
      rider`UPDATE vps.server SET plan_id = ${item.plan_id}, next_plan_id = NULL,
        stretches = ${JSON.stringify(item.stretches)}::jsonb, power = ${result.power} ${fromStep('settled')}
          AND vps.server.id = ${item.server_id}`,
      giveStockBack(item.from_plan_id, item.location_id, fromStep('settled')),
      unlockServer(item.server_id, operationIdOf(id), usingStep('settled')),
    ],
    undo: ({ id, item }) => [
      giveStockBack(item.plan_id, item.location_id, fromStep('settled')),
      unlockServer(item.server_id, operationIdOf(id), usingStep('settled')),
    ],
    answer: (order) => ({ status: 200, body: viewResize(order) }),
    pendingAnswer: (order) => ({ body: viewResize(order) }),
    events: (order) => [
      {
        type: 'server.resized',
        subject: order.item.server_id,
        data: {
          server_id: order.item.server_id,
          order_id: order.id,
          from_plan_id: order.item.from_plan_id,
          plan_id: order.item.plan_id,
        },
      },
    ],
    refusalOfConstraint: createRefusal,
  });
}

function aboutOf(order: Order<ResizeItem>): ServerAbout {
  return { accountId: order.accountId, serverId: order.item.server_id, operationId: operationIdOf(order.id) };
}

async function resizeTo(vps: VpsDeps, order: Order<ResizeItem>): Promise<MachineAction> {
  const plan = await findPlan(vps.service.db.platform, order.item.plan_id);
  if (plan === null) throw new Error(`plan ${order.item.plan_id} is not there`);
  return { action: 'resize', size: { planId: plan.id, vcpu: plan.vcpu, ramMb: plan.ramMb, diskGb: plan.diskGb } };
}

function viewResize(order: Order<ResizeItem>): {
  server_id: string;
  plan_id: string;
  operation_id: string;
  order: OrderView;
} {
  return {
    server_id: order.item.server_id,
    plan_id: order.item.plan_id,
    operation_id: operationIdOf(order.id),
    order: viewOrder(order),
  };
}
