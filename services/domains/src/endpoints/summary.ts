// GET /domains/summary: the counts of the product.
import { sql } from '@lumi/shared/db';
import type { Summary } from '@lumi/shared/forecast';
import { stateSql } from '../portfolio/lifecycle';

export const domainsSummary: Summary = {
  things: 'domains',
  tag: 'Domains',
  groups: ['state', 'tld'],
  rows: (now) =>
    sql`SELECT d.account_id, d.expires_at, d.auto_renew, ${stateSql(now)} AS state, d.tld FROM domains.domain d
      WHERE d.ended_at IS NULL`,
};
