// Lists proxies.
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { openPassword } from '../access/credentials';
import { listProxies, type ProxyFilter } from '../store/proxies';
import { PROXY_STATES } from '../store/proxy-row';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../proxy';
import { boolOf, boolQuery, countryField, idParam, instantField, revealQuery } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';

export const proxyFilterQuery = {
  state: z.enum(PROXY_STATES).optional().describe('Only proxies in this state.'),
  country: countryField.optional().describe('Only proxies of this country.'),
  type: z.string().max(32).optional().describe('Only proxies of this type.'),
  order_id: idParam('ord', 'an order').optional().describe('Only proxies of this order.'),
  tag: z.string().max(64).optional().describe('Only proxies with this tag.'),
  reference: z.string().max(128).optional().describe('Only proxies with this reference.'),
  healthy: boolQuery.describe('Only proxies that passed, or failed, their last check.'),
  ip: z.string().max(45).optional().describe('Only the proxies with this exit address.'),
  subnet: z.string().max(49).optional().describe('Only proxies in this subnet.'),
  auto_renew: boolQuery.describe('Only proxies that renew themselves, or do not.'),
  expires_before: instantField.optional().describe('Only proxies that expire before this.'),
};

export function filterOf(query: { [K in keyof typeof proxyFilterQuery]?: z.output<(typeof proxyFilterQuery)[K]> }): ProxyFilter {
  return {
    state: query.state, country: query.country, type: query.type, orderId: query.order_id, tag: query.tag, reference: query.reference, healthy: boolOf(query.healthy), ip: query.ip, subnet: query.subnet,
    autoRenew: boolOf(query.auto_renew), expiresBefore: query.expires_before === undefined ? undefined : new Date(query.expires_before),
  };
}

export function listProxiesEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-proxies', method: 'GET', path: '/proxies', summary: 'List proxies', tag: 'Proxies', scope: 'read', class: 'regular', reach: 'account',
      description: 'Your proxies, newest first, or by expiry. New proxies are in the list before the order that bought them is answered.',
      query: pageQuery.extend({ ...proxyFilterQuery, sort: z.enum(['newest', 'expires_at']).optional().describe('`newest` if absent; `expires_at` shows the most urgent first.'), reveal: revealQuery }),
      responses: { 200: { description: 'A page of proxies.', schema: pageOf(proxySchema) } },
    }),
    async (context) => {
      const { reach, query } = context;
      const { limit: _limit, cursor: _cursor, reveal, ...filter } = query;
      const sort = query.sort ?? 'newest';
      const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-proxies', filter: { ...filter, sort } };
      const request = readPage(query, deps.cursors, binding);
      const now = deps.clock.now();
      const rows = await listProxies(deps.db.platform, reach, filterOf(query), { limit: request.limit + 1, after: request.after, sort, now });
      if (reveal !== undefined) await recordReveal(deps, context, 'list-proxies', rows.slice(0, request.limit).map((row) => row.id));
      return json(200, toPage(rows, request, deps.cursors, binding, (row) => (sort === 'newest' ? [row.seq.toString()] : [row.expires_at.toISOString(), row.id]),
        (row) => viewProxy(row, now, reveal === undefined ? undefined : openPassword(deps, row))));
    },
  );
}
