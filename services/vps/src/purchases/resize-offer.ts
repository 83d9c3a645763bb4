// The offer of a larger plan for the time that is already paid.
import { z } from 'zod';
import { AppError, invalid } from '@lumi/shared/contract';
import { prorate, type Units } from '@lumi/shared/money';
import { refusalOf } from '../servers/server-rules';
import { findPlan, priceOf, type Plan } from '../store/catalogue';
import type { Server } from '../store/servers';
import type { Vps } from '../vps';
import type { Offer } from './offer';
import { daysLeft, daysOfPeriod } from './period';
import { serverResize, type ResizeItem } from './server-resize';

export const resizeFields = { plan_id: z.string().max(32).describe('One of `GET /servers/{id}/upgrades`.').meta({ example: 's2' }) };

export interface Upgrade {
  readonly plan: Plan;
  /** For the days that are left of what is paid. */
  readonly price: Units;
  readonly renewPrice: Units;
  readonly days: bigint;
  readonly inStock: boolean;
}

/**
 * What the rest of the paid time costs on another plan: the difference of the two renewal prices, for the days left, a begun day as a whole
 * one, rounded up to the smallest unit. Null when the plan is no upgrade of this server.
 */
export function upgradeTo(server: Server, from: Plan, to: Plan, now: Date): Upgrade | null {
  const [before, after] = [priceOf(from, server.locationId, server.periodMonths), priceOf(to, server.locationId, server.periodMonths)];
  if (before === null || after === null || server.expiresAt === null || to.deprecatedAt !== null) return null;
  const isLarger = to.arch === from.arch && to.id !== from.id && to.vcpu >= from.vcpu && to.ramMb >= from.ramMb && to.diskGb >= from.diskGb && after.renewPrice > before.renewPrice;
  if (!isLarger) return null;
  const days = daysLeft(now, server.expiresAt);
  return {
    plan: to, days, renewPrice: after.renewPrice,
    price: prorate(after.renewPrice - before.renewPrice, days, daysOfPeriod(server.expiresAt, server.periodMonths)),
    inStock: to.stock.some((stock) => stock.locationId === server.locationId && stock.state !== 'out'),
  };
}

export async function resizeOffer(vps: Vps, server: Server, planId: string): Promise<Offer> {
  const [from, to] = await Promise.all([findPlan(vps.service.db.platform, server.planId), findPlan(vps.service.db.platform, planId)]);
  const upgrade = from === null || to === null ? null : upgradeTo(server, from, to, vps.service.clock.now());
  const item: ResizeItem = { server_id: server.id, hostname: server.hostname, machine: server.machine, location_id: server.locationId, from_plan_id: server.planId, plan_id: planId };
  return {
    thing: serverResize(vps), item, subject: server.id, lockKey: null, price: upgrade?.price ?? 0n, terms: { server_id: server.id, from_plan_id: server.planId, plan_id: planId },
    refusal: refusalOf('resize', server) ?? upgradeRefusal(upgrade),
    parts: upgrade === null ? [] : [{ label: `Upgrade of ${server.hostname} from ${server.planId} to ${planId} for ${upgrade.days.toString()} day(s)`, amount: upgrade.price }],
  };
}

function upgradeRefusal(upgrade: Upgrade | null): AppError | null {
  if (upgrade === null) return invalid('plan_id', 'is not an upgrade of this server; see GET /servers/{id}/upgrades');
  return upgrade.inStock ? null : new AppError('out_of_stock', `Plan ${upgrade.plan.id} is out of stock in this location.`);
}
