// GET /domains
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { pageOfRows } from '@lumi/shared/listing';
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
    async ({ query: { sort = SORTING.fallback, ...wanted }, reach }) => {
      const { service, catalogue } = domains;
      await catalogue.ready();
      const now = service.clock.now();
      const { limit: _limit, cursor: _cursor, ...filter } = wanted;
      const page = await pageOfRows({
        route: 'list-domains',
        reach,
        query: { ...wanted, sort },
        cursors: service.cursors,
        read: (at) => queryDomains(service.db.platform, reach, { filter: readFilter(filter), sort, now, ...at }),
        position: (row) => SORTING.position(row),
        view: (row) => viewDomain(row, catalogue.get(row.tld), now),
      });
      return json(200, page);
    },
  );
