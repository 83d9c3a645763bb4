// Counts of servers, and what will be due: the shared frame's endpoints, told where the rows are.
import { sql } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import { forecastRenewals, summaryEndpoint } from '@lumi/shared/forecast';
import type { Actions } from '../actions/actions';
import { serverLifecycle } from '../jobs/lifecycle-source';
import type { Vps } from '../vps';

export function summaryEndpoints(vps: Vps, actions: Actions): readonly Endpoint[] {
  return [
    summaryEndpoint(vps.service, {
      things: 'servers', tag: 'Servers', groups: ['lifecycle', 'power', 'location', 'plan'],
      rows: () => sql`SELECT account_id, expires_at, auto_renew, lifecycle, power, location_id AS location, plan_id AS plan FROM vps.server WHERE lifecycle NOT IN ('terminated', 'failed')`,
    }),
    forecastRenewals(vps.service, [serverLifecycle(vps, actions)]),
  ];
}
