// The lifecycle of proxies and traffic plans: reminders, the end after grace, automatic renewals.
import { fromStep, joinSql, rider, sql, type Sql } from '@lumi/shared/db';
import { oneByOne } from '@lumi/shared/endpoint';
import type { LifecycleSource, Resource } from '@lumi/shared/lifecycle';
import { DAY_MS } from '@lumi/shared/times';
import { unitPrice } from '../catalogue/price';
import { PRODUCTS } from '../catalogue/products';
import { renewProxyOffer } from '../endpoints/offers';
import { findProxies } from '../store/proxies';
import type { ProxyRow } from '../store/proxy-row';
import { findPlans } from '../store/traffic';
import type { ProxyDeps } from '../deps';

const REMINDER_DAYS = [7, 3, 1, 0];
/**
 * Renewed this long before expiry. Short periods are renewed later, so that a 3-day proxy does not lose a third of its
 * time.
 */
const RENEW_BEFORE_MS = DAY_MS;
const RENEW_BEFORE_SHARE = 1 / 6;

export function proxyLifecycle(deps: ProxyDeps): LifecycleSource {
  return {
    product: 'proxy',
    noun: 'proxy',
    reminderDays: REMINDER_DAYS,
    live: (until) => sql`
      SELECT p.id, p.account_id, p.expires_at, p.auto_renew, v.price + (p.surcharge * p.period_days + 29) / 30 AS price
      FROM proxy.proxy p LEFT JOIN (VALUES ${joinSql(renewalPrices(), ', ')}) AS v(product_id, period_days, price)
        ON v.product_id = p.product_id AND v.period_days = p.period_days
      WHERE p.state = 'active' AND p.expires_at < ${until}::timestamptz`,
    read: async (ids) =>
      [...(await findProxies(deps.service.db.platform, { kind: 'all' }, ids)).values()]
        .filter((row) => row.state === 'active')
        .map(resourceOf),
    stages: {
      ended: {
        deliver: (proxy, now) => [
          rider`
          UPDATE proxy.proxy p SET state = 'ended', term = p.term + 1, access_version = p.access_version + 1,
            updated_at = ${now} ${fromStep('advanced')} AND p.id = ${proxy.id}
              AND p.grace_until <= ${now}::timestamptz`,
        ],
      },
    },
    // resourceOf wrote `period_days`.
    renewals: (accountId, resources) =>
      oneByOne(resources, ({ id, data }) =>
        renewProxyOffer(deps, { kind: 'account', accountId }, id, { period_days: data['period_days'] as number }),
      ),
  };
}

/** Plans do not renew: their owner is reminded in time to top them up. */
export function trafficLifecycle(deps: ProxyDeps): LifecycleSource {
  return {
    product: 'proxy',
    noun: 'traffic',
    reminderDays: REMINDER_DAYS,
    live: (until) => sql`
      SELECT id, account_id, expires_at, false AS auto_renew, NULL::bigint AS price FROM proxy.traffic_plan
        WHERE expires_at < ${until}::timestamptz AND expires_at >
          ${new Date(deps.service.clock.nowMs() - DAY_MS)}::timestamptz`,
    read: async (ids) =>
      (await findPlans(deps.db, ids)).map((plan) => ({
        id: plan.id,
        accountId: plan.account_id,
        expiresAt: plan.expires_at,
        startedAt: plan.created_at,
        autoRenew: false,
        renewFrom: plan.expires_at,
        renewUntil: plan.expires_at,
        stages: [],
        tags: plan.tags,
        data: { traffic_plan_id: plan.id, pool: plan.pool },
      })),
  };
}

function resourceOf(row: ProxyRow): Resource {
  const expiresMs = row.expires_at.getTime();
  const periodMs = row.period_days * DAY_MS;
  return {
    id: row.id,
    accountId: row.account_id,
    expiresAt: row.expires_at,
    startedAt: new Date(expiresMs - periodMs),
    autoRenew: row.auto_renew,
    renewFrom: new Date(expiresMs - Math.min(RENEW_BEFORE_MS, periodMs * RENEW_BEFORE_SHARE)),
    renewUntil: row.grace_until,
    stages: [{ name: 'ended', at: row.grace_until }],
    tags: row.tags,
    data: {
      proxy_id: row.id,
      order_id: row.order_id,
      product_id: row.product_id,
      period_days: row.period_days,
      reference: row.reference,
    },
    holds: sql`(EXISTS (SELECT 1 FROM proxy.proxy h WHERE h.id = ${row.id} AND h.state = 'active'
      AND h.term = ${row.term}::int) AND NOT EXISTS (SELECT 1 FROM proxy.proxy_lock l WHERE l.proxy_id = ${row.id}))`,
  };
}

function renewalPrices(): Sql[] {
  return PRODUCTS.filter((product) => product.shape === 'static').flatMap((product) =>
    product.periodsDays.flatMap((days) => {
      const price = unitPrice(product, days, 1);
      return price === null ? [] : [sql`(${product.id}::text, ${days}::int, ${price}::bigint)`];
    }),
  );
}
