// The offer of more time for a server.
import { currentExpiryField, expiryMismatch } from '@lumi/shared/lifecycle';
import { periodField } from '../servers/fields';
import { refusalOf } from '../servers/server-rules';
import { findPlan, priceOf } from '../store/catalogue';
import type { Server } from '../store/servers';
import type { Vps } from '../vps';
import type { Offer } from './offer';
import { serverRenew, type RenewItem } from './server-renew';

export const renewFields = {
  current_expires_at: currentExpiryField,
  period_months: periodField.describe('The period of the last payment, if absent. Renewals by itself go on with the one paid last.'),
};

export interface RenewWish {
  /** Absent: Lumi itself renews or tells a price, and takes the expiry it reads. */
  readonly current_expires_at?: string | undefined;
  readonly period_months?: number | undefined;
}

export async function renewOffer(vps: Vps, server: Server, wanted: RenewWish): Promise<Offer> {
  const months = wanted.period_months ?? server.periodMonths;
  const plan = await findPlan(vps.service.db.platform, server.planId);
  const price = plan === null ? null : priceOf(plan, server.locationId, months);
  const item: RenewItem = {
    server_id: server.id, hostname: server.hostname, period_months: months, plan_id: server.planId, from_expires_at: (server.expiresAt ?? server.createdAt).toISOString(),
  };
  return {
    thing: serverRenew(vps), item, subject: server.id, lockKey: `renew:${server.id}`, price: price?.renewPrice ?? 0n, terms: { server_id: server.id, plan_id: server.planId, period_months: months },
    refusal: refusalOf('renew', { ...server, renewPrice: price?.renewPrice ?? null }) ?? expiryMismatch(wanted.current_expires_at, server.expiresAt),
    parts: price === null ? [] : [{ label: `Renewal of ${server.hostname}, ${String(months)} month(s)`, amount: price.renewPrice }],
  };
}
