// The offer of another plan or length for the next period. The plan may be larger or smaller, and the change itself is
// free.
import { AppError, invalid } from '@lumi/shared/contract';
import type { Offer } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { refusalOf } from '../servers/server-rules';
import { findImage, findPlan, fits, priceOf } from '../catalogue/catalogue';
import type { Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import { serverNextPeriod, type NextPeriodItem } from './server-next-period';

export interface NextPeriodWish {
  readonly plan_id?: string | undefined;
  readonly period_months?: number | undefined;
}

export async function nextPeriodOffer(vps: VpsDeps, server: Server, wanted: NextPeriodWish): Promise<Offer> {
  const {
    db: { platform },
  } = vps.service;
  const [planId, months] = [wanted.plan_id ?? server.planId, wanted.period_months ?? server.periodMonths];
  const [from, to, image] = await Promise.all([
    findPlan(platform, server.planId),
    findPlan(platform, planId),
    findImage(vps.db, server.imageId),
  ]);
  const price = to === null ? null : priceOf(to, server.locationId, months);
  const isOtherPlan = planId !== server.planId;
  const item: NextPeriodItem = {
    server_id: server.id,
    hostname: server.hostname,
    next_plan_id: isOtherPlan ? planId : null,
    next_period_months: months === server.periodMonths ? null : months,
    plan_id: planId,
    period_months: months,
    starts_at: isoSeconds(server.expiresAt ?? server.createdAt),
    renew_price: (price?.renewPrice ?? 0n).toString(),
  };
  const fitting = (): AppError | null => {
    if (to === null || (isOtherPlan && to.deprecatedAt !== null) || to.arch !== from?.arch)
      return invalid('plan_id', 'is not a plan for this server; see GET /plans');
    if (isOtherPlan && image !== null && !fits(image, to))
      return invalid('plan_id', 'is too small for the image of this server');
    if (price === null)
      return invalid(
        wanted.period_months === undefined ? 'plan_id' : 'period_months',
        'is not sold where this server stands; see GET /plans',
      );
    return isOtherPlan || months !== server.periodMonths
      ? null
      : invalid('plan_id', 'is what the server has already; name another plan or another period');
  };
  return {
    thing: serverNextPeriod(),
    item,
    subject: server.id,
    lockKey: server.id,
    terms: {
      facts: {
        server_id: server.id,
        state: 'renewable',
        plan_id: server.planId,
        to_plan_id: planId,
        location_id: server.locationId,
        period_months: months,
        expires_at: server.expiresAt?.toISOString() ?? null,
      },
      cost: [],
    },
    refusal: refusalOf('renew', { ...server, renewPrice: price?.renewPrice ?? 0n }) ?? paidChange(server) ?? fitting(),
  };
}

/** From the renewal for another plan until that plan begins, the paid plan cannot be changed. */
export function paidChange(server: Server): AppError | null {
  if (server.nextPlanFrom === null || server.nextPlanId === null) return null;
  return new AppError(
    'state_conflict',
    `The change to plan ${server.nextPlanId} is paid for and made at ${isoSeconds(server.nextPlanFrom)}; ` +
      'until then the plan stays as it is.',
  );
}
