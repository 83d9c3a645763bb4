// GET /domains/summary and GET /forecast/renewals
import { sql } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import { forecastRenewals, summaryEndpoint } from '@lumi/shared/forecast';
import type { Domains } from '../domains';
import { domainLifecycle } from '../portfolio/domain-lifecycle';
import { stateSql } from '../portfolio/lifecycle';

export function summaries(domains: Domains): readonly Endpoint[] {
  return [
    summaryEndpoint(domains.service, {
      things: 'domains', tag: 'Domains', groups: ['state', 'tld'],
      rows: (now) => sql`SELECT d.account_id, d.expires_at, d.auto_renew, ${stateSql(now)} AS state, d.tld FROM domains.domain d WHERE d.ended_at IS NULL`,
    }),
    forecastRenewals(domains.service, [domainLifecycle(domains)]),
  ];
}
