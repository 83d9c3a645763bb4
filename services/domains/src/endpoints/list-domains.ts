// GET /domains
import { defineRoute, pageOf, pageQuery, readPage, toPage } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { accountOf } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { domainFilterFields, readFilter } from '../portfolio/domain-filter';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { SORTING, listDomains as queryDomains } from '../store/domain-store';

const query = pageQuery.extend({ ...domainFilterFields, sort: SORTING.field });

export const listDomains = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-domains',
      method: 'GET',
      path: '/domains',
      tag: 'Domains',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'List domains',
      description:
        'Your domains, filtered and sorted. Domains that ended (transferred away, deleted, released) are ' +
        'shown only when `state` asks for them.',
      query,
      responses: { 200: { description: 'A page of domains.', schema: pageOf(domainSchema) } },
    }),
    async ({ query: wanted, reach }) => {
      const { service, catalogue } = domains;
      await catalogue.ready();
      const { limit, cursor, sort = SORTING.fallback, ...filter } = wanted;
      const binding = { account: accountOf(reach), route: 'list-domains', filter: { ...filter, sort } };
      const request = readPage({ limit, cursor }, service.cursors, binding);
      const now = service.clock.now();
      const rows = await queryDomains(service.db.platform, reach, {
        filter: readFilter(filter),
        sort,
        limit: request.limit,
        after: request.after,
        now,
      });
      return json(
        200,
        toPage(
          rows,
          request,
          service.cursors,
          binding,
          (row) => SORTING.position(row),
          (row) => viewDomain(row, catalogue.get(row.tld), now),
        ),
      );
    },
  );
