// The offer of a larger plan for the time that is already paid.
import { z } from 'zod';
import { AppError, invalid } from '@lumi/shared/contract';
import type { Units } from '@lumi/shared/money';
import { costLine, type CostLine, type Offer } from '@lumi/shared/purchase';
import { refusalOf } from '../servers/server-rules';
import { findPlan, priceOf, type Plan } from '../catalogue/catalogue';
import type { Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import { paidChange } from './next-period-offer';
import { daysLeft, stretchesLeft } from './period';
import type { Stretch } from '../store/stretch';
import { serverResize, type ResizeItem } from './server-resize';

export const resizeFields = {
  plan_id: z.string().max(32).describe('One of `GET /servers/{id}/upgrades`.').meta({ example: 's2' }),
};

export interface Upgrade {
  readonly plan: Plan;
  /** For the paid days that are left, one line for each payment. */
  readonly cost: readonly CostLine[];
  readonly renewPrice: Units;
  readonly days: number;
  /** The stretches of paid time afterwards. */
  readonly stretches: readonly Stretch[];
  readonly inStock: boolean;
}

/**
 * What the rest of the paid time costs on another plan. Each payment with days left is priced alone: the other plan's
 * price for as many months, less this payment, for the days left of it. A day that has begun counts as a whole day; the
 * result is rounded up to the smallest unit. Null when the plan is no upgrade of this server.
 */
export function upgradeTo(server: Server, from: Plan, to: Plan, now: Date): Upgrade | null {
  const [before, after] = [
    priceOf(from, server.locationId, server.periodMonths),
    priceOf(to, server.locationId, server.periodMonths),
  ];
  if (before === null || after === null || server.expiresAt === null || to.deprecatedAt !== null) return null;
  const isLarger =
    to.arch === from.arch &&
    to.id !== from.id &&
    to.vcpu >= from.vcpu &&
    to.ramMb >= from.ramMb &&
    to.diskGb >= from.diskGb &&
    after.renewPrice > before.renewPrice;
  const days = daysLeft(now, server.expiresAt);
  const paid = stretchesLeft(server.stretches, days).map(({ stretch, left }) => ({
    stretch,
    left,
    price: priceOf(to, server.locationId, stretch.months)?.renewPrice ?? null,
  }));
  if (!isLarger || (days > 0 && paid.length === 0)) return null;
  const cost: CostLine[] = [];
  const stretches: Stretch[] = [];
  for (const { stretch, left, price } of paid) {
    if (price === null) return null;
    const difference = price - BigInt(stretch.price);
    cost.push(
      costLine(
        `From ${from.id} to ${to.id} for ${String(left)} of ${String(stretch.days)} days`,
        difference > 0n ? difference : 0n,
        { share: { part: left, of: stretch.days } },
      ),
    );
    stretches.push({ ...stretch, price: price.toString() });
  }
  return {
    plan: to,
    days,
    cost,
    stretches,
    renewPrice: after.renewPrice,
    inStock: to.stock.some((stock) => stock.locationId === server.locationId && stock.state !== 'out'),
  };
}

export async function resizeOffer(vps: VpsDeps, server: Server, planId: string): Promise<Offer> {
  const now = vps.service.clock.now();
  const [from, to] = await Promise.all([
    findPlan(vps.service.db.platform, server.planId),
    findPlan(vps.service.db.platform, planId),
  ]);
  const upgrade = from === null || to === null ? null : upgradeTo(server, from, to, now);
  const item: ResizeItem = {
    server_id: server.id,
    hostname: server.hostname,
    machine: server.machine,
    location_id: server.locationId,
    from_plan_id: server.planId,
    plan_id: planId,
    stretches: upgrade?.stretches ?? [],
  };
  return {
    thing: serverResize(vps),
    item,
    subject: server.id,
    lockKey: server.id,
    terms: {
      facts: {
        server_id: server.id,
        state: 'active',
        plan_id: server.planId,
        to_plan_id: planId,
        location_id: server.locationId,
        expires_at: server.expiresAt?.toISOString() ?? null,
        days: server.expiresAt === null ? 0 : daysLeft(now, server.expiresAt),
        stretches: server.stretches,
      },
      cost: upgrade?.cost ?? [],
    },
    refusal: refusalOf('resize', server) ?? paidChange(server) ?? upgradeRefusal(upgrade),
  };
}

function upgradeRefusal(upgrade: Upgrade | null): AppError | null {
  if (upgrade === null)
    return invalid(
      'plan_id',
      'is not an upgrade of this server; see GET /servers/{id}/upgrades, or choose `when`: `next_period`',
    );
  return upgrade.inStock
    ? null
    : new AppError('out_of_stock', `Plan ${upgrade.plan.id} is out of stock in this location.`);
}
