import { z } from 'zod';
import { addressField } from '@lumi/shared/addresses';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfRows, thingFilterFields } from '@lumi/shared/listing';
import { LIFECYCLES, POWERS, SORTING, listServers as readServers } from '../store/servers';
import type { VpsDeps } from '../deps';
import { asOf } from '../servers/as-of';
import { hostnameField } from '../servers/fields';
import { serverSchema, viewServer } from '../servers/server-view';

export function listServers(vps: VpsDeps): Endpoint {
  const { service } = vps;
  return endpoint(
    defineRoute({
      id: 'list-servers',
      method: 'GET',
      path: '/servers',
      summary: 'List servers',
      tag: 'Servers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Your servers, filtered and sorted. Servers that are gone or were never made are listed only with ' +
        '`lifecycle=terminated` or `lifecycle=failed`.',
      query: pageQuery.extend({
        ...thingFilterFields,
        lifecycle: z.enum(LIFECYCLES).optional().describe('Only servers in this state.'),
        power: z.enum(POWERS).optional().describe('Only servers that are switched so.'),
        location_id: z.string().max(32).optional().describe('Only servers in this location.'),
        plan_id: z.string().max(32).optional().describe('Only servers of this plan.'),
        hostname: hostnameField.optional().describe('Only servers with exactly this host name.'),
        ip: addressField.optional().describe('Only the server with this address.'),
        sort: SORTING.field,
      }),
      responses: { 200: { description: 'A page of servers.', schema: pageOf(serverSchema) } },
    }),
    async ({ reach, query: { sort = SORTING.fallback, ...query } }) => {
      const now = service.clock.now();
      const page = await pageOfRows({
        route: 'list-servers',
        reach,
        query: { ...query, sort },
        cursors: service.cursors,
        read: (at) => readServers(service.db.platform, reach, query, { ...at, now, sort }),
        position: (row) => SORTING.position(row),
        view: (row) => viewServer(asOf(vps, row)),
      });
      return json(200, page);
    },
  );
}
