// The lifecycle of domains: reminders, grace, redemption, release, and automatic renewals.
import { fromStep, rider, sql } from '@lumi/shared/db';
import { noOpenOrder, type LifecycleSource, type Resource } from '@lumi/shared/lifecycle';
import type { DomainsDeps } from '../deps';
import { renewals } from '../purchases/renewal';
import { findDomains } from '../store/domain-store';
import { addDays, type DomainRow } from '../portfolio/domain-row';

/** Renewed this long before expiry, so that there is time to top up and try again. */
const RENEW_BEFORE_DAYS = 14;

export function domainLifecycle(domains: DomainsDeps): LifecycleSource {
  const {
    db: { platform },
  } = domains.service;
  return {
    product: 'domains',
    noun: 'domain',
    live: (until) => sql`
      SELECT d.name AS id, d.account_id, least(d.expires_at, d.grace_ends_at) AS expires_at, d.auto_renew
        AND d.grace_ends_at >= d.expires_at AS auto_renew, coalesce(d.premium_renew, t.renew) * t.years_min AS price
      FROM domains.domain d JOIN domains.tld t ON t.tld = d.tld WHERE d.ended_at IS NULL
        AND least(d.expires_at, d.grace_ends_at) < ${until}::timestamptz`,
    read: async (ids) => [...(await findDomains(platform, { kind: 'all' }, ids)).values()].map(resourceOf),
    stages: {
      released: {
        deliver: (domain, now) => [
          rider`
          UPDATE domains.domain d SET state = 'released', ended_at = ${now}::timestamptz, change_id = NULL,
            change_until = NULL, updated_at = ${now}::timestamptz
          ${fromStep('advanced')} AND d.name = ${domain.id} AND d.account_id = ${domain.accountId}
            AND d.ended_at IS NULL AND d.delete_at <= ${now}::timestamptz`,
        ],
      },
    },
    renewals: (accountId, resources) =>
      renewals(
        domains,
        accountId,
        resources.map(({ id }) => ({ domain: id, body: {} })),
      ),
  };
}

function resourceOf(row: DomainRow): Resource {
  const redemption = row.redemption_ends_at > row.grace_ends_at ? [{ name: 'redemption', at: row.grace_ends_at }] : [];
  // A deleted domain ends with its deletion: it gets no reminder and no renewal.
  const isGivenUp = row.grace_ends_at < row.expires_at;
  const pendingDelete =
    row.delete_at > row.redemption_ends_at ? [{ name: 'pending_delete', at: row.redemption_ends_at }] : [];
  return {
    id: row.name,
    accountId: row.account_id,
    expiresAt: isGivenUp ? row.grace_ends_at : row.expires_at,
    startedAt: isGivenUp ? row.grace_ends_at : row.created_at,
    autoRenew: row.auto_renew && row.state === 'active' && !isGivenUp,
    renewFrom: addDays(row.expires_at, -RENEW_BEFORE_DAYS),
    renewUntil: row.grace_ends_at,
    stages: [...redemption, ...pendingDelete, { name: 'released', at: row.delete_at }],
    tags: row.tags,
    data: { domain: row.name, reference: row.reference },
    holds: sql`(EXISTS (SELECT 1 FROM domains.domain h WHERE h.seq = ${row.seq} AND h.ended_at IS NULL
      AND h.expires_at = ${row.expires_at}::timestamptz AND h.grace_ends_at = ${row.grace_ends_at}::timestamptz)
      AND ${noOpenOrder('domains', row.name)})`,
  };
}
