// Renews a server. The supplier has nothing to do, unless the server is suspended for non-payment: then it is brought
// back before the money is taken. The row in `renewal` makes a second renewal from the same expiry impossible.
import type { ErrorCode } from '@lumi/shared/contract';
import { fromStep, rider, usingStep } from '@lumi/shared/db';
import { formatUsd } from '@lumi/shared/money';
import {
  operationIdOf,
  thingSold,
  viewOrder,
  type AnyThingSold,
  type JsonObject,
  type LookUp,
  type Order,
  type ThingSold,
} from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { withServerTruth, type ServerAbout } from '../servers/sync-server';
import { findServer, type Server } from '../store/servers';
import type { ActionResult } from '../supplier/hypervisor';
import type { VpsDeps } from '../deps';
import { giveStockBack, takeStock } from './server-create';
import { termsOfServer } from './terms-now';
import { daysBetween } from './period';
import type { Stretch } from '../store/stretch';

export interface RenewItem extends JsonObject {
  readonly server_id: string;
  readonly hostname: string;
  readonly period_months: number;
  /** The plan of the price. */
  readonly plan_id: string;
  readonly location_id: string;
  /** The period is for another plan; the money step also reserves that plan's stock. */
  readonly reserves: boolean;
  /** The expiry from which it is extended, to the millisecond. */
  readonly from_expires_at: string;
  readonly expires_at: string;
  /** The day of the month from which months are counted. */
  readonly anchor_day: number;
  /** The stretches left of earlier payments. */
  readonly stretches: readonly Stretch[];
}

/** `power` only when the server was brought back. */
interface Renewed extends JsonObject {
  readonly power?: ActionResult['power'];
}

const LOOK_AGAIN_MS = 2_000;
const RESUME = { action: 'resume' } as const;

export function serverRenew(vps: VpsDeps): ThingSold<RenewItem, Renewed> & AnyThingSold {
  return thingSold<RenewItem, Renewed>({
    kind: 'server_renew',
    describe: ({ item }) => `Renewal of server ${item.hostname}, ${String(item.period_months)} month(s)`,
    act: async (order, signal) => {
      const server = await readServer(vps, order);
      const early = withoutSupplier(server, order);
      return (
        early ??
        withServerTruth(vps, aboutOf(order), await vps.hypervisor.act(order.id, server.machine, RESUME, signal))
      );
    },
    lookUp: async (order, signal): Promise<LookUp<Renewed>> => {
      const server = await readServer(vps, order);
      const early = withoutSupplier(server, order);
      return (
        early ??
        withServerTruth(vps, aboutOf(order), await vps.hypervisor.lookUp(order.id, server.machine, RESUME, signal))
      );
    },
    termsNow: ({ item }, at) =>
      termsOfServer(item.server_id, at, ['state_to_renew', 'plan_id', 'next_plan_id', 'location_id', 'expires_at']),
    refusalOfChange: { expires_at: 'expiry_mismatch' },
    prepare: ({ id, item }) => [
      rider`INSERT INTO vps.renewal (server_id, from_expires_at, order_id)
        SELECT ${item.server_id}, ${new Date(item.from_expires_at)}::timestamptz, ${id} ${fromStep('begun')}`,
      rider`UPDATE vps.server SET renewing = ${id} ${fromStep('begun')} AND vps.server.id = ${item.server_id}`,
      ...(item.reserves ? [takeStock(item.plan_id, item.location_id, fromStep('begun'))] : []),
    ],
    deliver: ({ item, price }, renewed) => [
      rider`UPDATE vps.server SET renewing = NULL, expires_at = ${item.expires_at}::timestamptz,
        anchor_day = ${item.anchor_day}::int,
          stretches = ${JSON.stringify([...item.stretches, newStretch(item, price)])}::jsonb,
          next_plan_from = CASE WHEN next_plan_id IS NOT NULL THEN coalesce(next_plan_from,
            ${item.from_expires_at}::timestamptz) END, next_period_months = NULL,
              period_months = ${item.period_months}::int, lifecycle = 'active', grace_ends_at = NULL,
          terminates_at = NULL, suspension_kind = NULL, suspended_at = NULL, suspension_reason = NULL,
            delete_at_expiry = false,
          power = coalesce(${renewed.power ?? null}::text, power)
        ${fromStep('settled')} AND id = ${item.server_id}`,
    ],
    undo: ({ id, item }) => [
      rider`UPDATE vps.server SET renewing = NULL ${fromStep('settled')} AND id = ${item.server_id}`,
      rider`DELETE FROM vps.renewal r ${usingStep('settled')} AND r.order_id = ${id}`,
      ...(item.reserves ? [giveStockBack(item.plan_id, item.location_id, fromStep('settled'))] : []),
    ],
    answer: (order) => ({
      status: 200,
      body: {
        server_id: order.item.server_id,
        period_months: order.item.period_months,
        previous_expires_at: isoSeconds(new Date(order.item.from_expires_at)),
        expires_at: isoSeconds(new Date(order.item.expires_at)),
        price_usd: formatUsd(order.charged ?? order.price),
        order: viewOrder(order),
      },
    }),
    events: (order) => [
      {
        type: 'server.renewed',
        subject: order.item.server_id,
        data: {
          server_id: order.item.server_id,
          order_id: order.id,
          expires_at: isoSeconds(new Date(order.item.expires_at)),
        },
      },
    ],
    refusalOfConstraint: renewRefusal,
  });
}

export function renewRefusal(constraint: string): ErrorCode | null {
  if (constraint === 'stock_not_negative') return 'out_of_stock';
  return constraint === 'renewal_pkey' ? 'expiry_mismatch' : null;
}

function newStretch(item: RenewItem, price: bigint): Stretch {
  return {
    months: item.period_months,
    days: daysBetween(new Date(item.from_expires_at), new Date(item.expires_at)),
    price: price.toString(),
  };
}

function aboutOf(order: Order<RenewItem>): ServerAbout {
  return { accountId: order.accountId, serverId: order.item.server_id, operationId: operationIdOf(order.id) };
}

async function readServer(vps: VpsDeps, order: Order<RenewItem>): Promise<Server> {
  const server = await findServer(
    vps.service.db.platform,
    { kind: 'account', accountId: order.accountId },
    order.item.server_id,
  );
  if (server === null) throw new Error(`the server of order ${order.id} is not there`);
  return server;
}

/**
 * Decides without the supplier. Null when the supplier has to bring the server back. No suspension starts while the
 * renewal is open.
 */
function withoutSupplier(
  server: Server,
  order: Order<RenewItem>,
): (LookUp<Renewed> & { kind: 'done' | 'refused' | 'pending' }) | null {
  switch (server.lifecycle) {
    case 'active':
    case 'grace':
      return { kind: 'done', result: {} };
    case 'suspended':
      if (server.suspension?.kind !== 'unpaid') return { kind: 'refused', code: 'suspended' };
      // The suspension is still being carried out. Bringing the server back now could finish before the suspension
      // does.
      return server.busy === null ? null : { kind: 'pending', supplierRef: order.id, checkAfterMs: LOOK_AGAIN_MS };
    default:
      return { kind: 'refused', code: 'state_conflict' };
  }
}
