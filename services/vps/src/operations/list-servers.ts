import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { LIFECYCLES, POWERS, listServers as readServers } from '../store/servers';
import type { Vps } from '../vps';
import { serverSchema, viewServer } from '../servers/server-view';

export function listServers({ service }: Vps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-servers', method: 'GET', path: '/servers', summary: 'List servers', tag: 'Servers', scope: 'read', class: 'regular', reach: 'account',
      description: 'Newest first. Servers that are gone or were never made are listed only with `lifecycle=terminated` or `lifecycle=failed`.',
      query: pageQuery.extend({
        lifecycle: z.enum(LIFECYCLES).optional().describe('Only servers in this state.'),
        power: z.enum(POWERS).optional().describe('Only servers that are switched so.'),
        location: z.string().max(32).optional().describe('Only servers in this location.'),
        plan: z.string().max(32).optional().describe('Only servers of this plan.'),
        hostname: z.string().max(253).optional().describe('Only servers with exactly this host name.'),
        tag: z.string().max(64).optional().describe('Only servers with this tag.'),
        ip: z.string().max(45).optional().describe('Only the server with this address.'),
        reference: z.string().max(128).optional().describe('Only servers with this reference of yours.'),
        expires_before: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-06-09T12:00:00Z' }).optional().describe('Only servers that expire before.'),
        auto_renew: z.enum(['true', 'false']).optional().describe('Only servers with auto-renew on, or off.'),
      }),
      responses: { 200: { description: 'A page of servers.', schema: pageOf(serverSchema) } },
    }),
    async ({ reach, query }) => {
      const { limit: _limit, cursor: _cursor, ...filter } = query;
      const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-servers', filter };
      const request = readPage(query, service.cursors, binding);
      const rows = await readServers(service.db.platform, reach, {
        lifecycle: query.lifecycle, power: query.power, location: query.location, plan: query.plan, hostname: query.hostname, tag: query.tag, ip: query.ip, reference: query.reference,
        expiresBefore: query.expires_before === undefined ? undefined : new Date(query.expires_before), autoRenew: query.auto_renew === undefined ? undefined : query.auto_renew === 'true',
      }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, service.cursors, binding, (server) => [server.seq.toString()], viewServer));
    },
  );
}
