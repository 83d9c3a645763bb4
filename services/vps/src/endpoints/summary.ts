// GET /servers/summary: the counts of the product.
import { sql } from '@lumi/shared/db';
import { lifecycleSql } from '../store/servers';
import type { Summary } from '@lumi/shared/forecast';

export const serversSummary: Summary = {
  things: 'servers',
  tag: 'Servers',
  groups: ['lifecycle', 'power', 'location', 'plan'],
  rows: (now) =>
    sql`SELECT account_id, expires_at, auto_renew, ${lifecycleSql(now)} AS lifecycle, power, location_id AS location,
      plan_id AS plan FROM vps.server WHERE lifecycle NOT IN ('terminated', 'failed')`,
};
