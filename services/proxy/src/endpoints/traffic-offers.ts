// Traffic plans and their top-ups, as the purchase engine sells them.
import { AppError, notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { Offer } from '@lumi/shared/purchase';
import { sealOrderAuth } from '../access/credentials';
import { priceTraffic } from '../catalogue/price-traffic';
import { buyTraffic, topUpTraffic } from '../purchases/traffic';
import { findPlan } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { suspendedRefusal } from './suspended-refusal';

export function trafficOffer(
  deps: ProxyDeps,
  accountId: string,
  wish: { pool: string; gb: number; label?: string | undefined },
): Offer {
  const { pool, gb } = wish;
  const priced = priceTraffic(pool, gb);
  return {
    thing: buyTraffic(deps),
    subject: `${String(gb)} GB ${pool}`,
    lockKey: null,
    refusal: priced.refusal,
    terms: { facts: { pool, gb, period_days: priced.periodDays }, cost: priced.cost },
    item: {
      network: deps.networks.nameForProduct(pool),
      pool,
      gb,
      period_days: priced.periodDays,
      auth: sealOrderAuth(deps.service.config.SECRET_RING, accountId, {}),
      label: wish.label ?? null,
    },
  };
}

const PLAN_MISSING_TEXT =
  'The network does not know this plan any more; it cannot be topped up until that is cleared up.';

/** Throws 404. */
export async function topUpOffer(deps: ProxyDeps, reach: Reach, planId: string, gb: number): Promise<Offer> {
  const plan = await findPlan(deps.db, reach, planId);
  if (plan === null) throw notFound();
  const priced = priceTraffic(plan.pool, gb);
  return {
    thing: topUpTraffic(deps),
    subject: plan.id,
    lockKey: null,
    refusal:
      suspendedRefusal([plan]) ??
      (plan.missing_since === null ? priced.refusal : new AppError('state_conflict', PLAN_MISSING_TEXT)),
    terms: {
      facts: {
        plan_id: plan.id,
        pool: plan.pool,
        gb,
        period_days: priced.periodDays,
        suspended: plan.suspended_for !== null,
      },
      cost: priced.cost,
    },
    item: {
      plan_id: plan.id,
      network: plan.network,
      network_id: plan.network_id,
      pool: plan.pool,
      gb,
      period_days: priced.periodDays,
      note: plan.label,
    },
  };
}
