// The offer of a renewal of a server.
import { currentExpiryField, expiryMismatch } from '@lumi/shared/lifecycle';
import { costLine, type Offer } from '@lumi/shared/purchase';
import { addMonths, anchorOf } from '@lumi/shared/runtime';
import { periodField } from '../servers/fields';
import { refusalOf } from '../servers/server-rules';
import { findPlan, priceOf } from '../catalogue/catalogue';
import type { Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import { daysLeft, stretchesLeft } from './period';
import { serverRenew, type RenewItem } from './server-renew';

export const renewFields = {
  current_expires_at: currentExpiryField,
  period_months: periodField.describe(
    'If absent, what was planned for the next period, or else the period of the last payment; renewals by ' +
      'itself go on with it.',
  ),
};

export interface RenewWish {
  /** Absent: Lumi itself renews or quotes, with the expiry it reads. */
  readonly current_expires_at?: string | undefined;
  readonly period_months?: number | undefined;
}

export async function renewOffer(vps: VpsDeps, server: Server, wanted: RenewWish): Promise<Offer> {
  const months = wanted.period_months ?? server.nextPeriodMonths ?? server.periodMonths;
  const planId = server.nextPlanId ?? server.planId;
  const plan = await findPlan(vps.service.db.platform, planId);
  const price = plan === null ? null : priceOf(plan, server.locationId, months);
  const from = server.expiresAt ?? server.createdAt;
  const anchorDay = anchorOf(from, server.anchorDay);
  const item: RenewItem = {
    server_id: server.id,
    hostname: server.hostname,
    period_months: months,
    plan_id: planId,
    location_id: server.locationId,
    reserves: server.nextPlanId !== null && server.nextPlanFrom === null,
    from_expires_at: from.toISOString(),
    expires_at: addMonths(from, months, anchorDay).toISOString(),
    anchor_day: anchorDay,
    stretches: stretchesLeft(server.stretches, daysLeft(vps.service.clock.now(), from)).map(({ stretch }) => stretch),
  };
  return {
    thing: serverRenew(vps),
    item,
    subject: server.id,
    lockKey: server.id,
    terms: {
      facts: {
        server_id: server.id,
        state: 'renewable',
        plan_id: server.planId,
        next_plan_id: server.nextPlanId,
        location_id: server.locationId,
        period_months: months,
        expires_at: from.toISOString(),
      },
      cost:
        price === null
          ? []
          : [
              costLine(
                `Renewal of ${server.hostname}${server.nextPlanId === null ? '' : ` as ${planId}`}, ` +
                  `${String(months)} month(s)`,
                price.renewPrice,
              ),
            ],
    },
    refusal:
      refusalOf('renew', { ...server, renewPrice: price?.renewPrice ?? null }) ??
      expiryMismatch(wanted.current_expires_at, server.expiresAt),
  };
}
