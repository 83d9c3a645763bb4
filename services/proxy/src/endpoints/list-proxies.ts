// Lists proxies.
import { z } from 'zod';
import { addressField, blockField } from '@lumi/shared/addresses';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfRows, thingFilterFields } from '@lumi/shared/listing';
import { requireScope } from '@lumi/shared/principal';
import { openPassword } from '../access/credentials';
import { SORTING, listProxies, type ProxyFilter } from '../store/proxies';
import { PROXY_STATES } from '../store/proxy-row';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../deps';
import { boolOf, boolQuery, countryField, idField, revealQuery } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';

const { q, ...shared } = thingFilterFields;

export const proxyFilterQuery = {
  ...shared,
  q: q.describe('Part of the label, user name or exit address, in any case.'),
  state: z.enum(PROXY_STATES).optional().describe('Only proxies in this state.'),
  country: countryField.optional().describe('Only proxies of this country.'),
  type: z.string().max(32).optional().describe('Only proxies of this type.'),
  order_id: idField('an order').optional().describe('Only proxies of this order, those that are over too.'),
  healthy: boolQuery.describe('Only proxies that passed, or failed, their last check.'),
  ip: addressField.optional().describe('Only the proxies with this exit address.'),
  subnet: blockField.optional().describe('Only proxies with an exit address in this block.'),
};

const filterShape = z.object(proxyFilterQuery);

export function filterOf({ healthy, ...filter }: z.output<typeof filterShape>): ProxyFilter {
  return { ...filter, healthy: boolOf(healthy) };
}

export function listProxiesEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-proxies',
      method: 'GET',
      path: '/proxies',
      summary: 'List proxies',
      tag: 'Proxies',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Your proxies, filtered and sorted. New ones are in the list before the order that bought them is ' +
        'answered; those that ended or were replaced are shown only when `state` or `order_id` asks for ' +
        'them.',
      query: pageQuery.extend({ ...proxyFilterQuery, sort: SORTING.field, reveal: revealQuery }),
      responses: { 200: { description: 'A page of proxies.', schema: pageOf(proxySchema) } },
    }),
    async (context) => {
      if (context.query.reveal !== undefined) requireScope(context.principal, 'write');
      const { reach } = context;
      const { sort = SORTING.fallback, reveal, ...query } = context.query;
      const now = deps.service.clock.now();
      const page = await pageOfRows({
        route: 'list-proxies',
        reach,
        query: { ...query, sort },
        cursors: deps.service.cursors,
        read: async (at) => {
          const rows = await listProxies(deps.service.db.platform, reach, filterOf(query), { ...at, sort, now });
          const shown = rows.slice(0, at.limit).map((row) => row.id);
          if (reveal !== undefined) await recordReveal(deps, context, 'list-proxies', shown);
          return rows;
        },
        position: (row) => SORTING.position(row),
        view: (row) => viewProxy(row, now, reveal === undefined ? undefined : openPassword(deps, row)),
      });
      return json(200, page);
    },
  );
}
