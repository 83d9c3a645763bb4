// GET /domains/{domain}/hosts
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { hostSchema, pageOfHosts } from '../portfolio/glue-host';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const listHosts = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-hosts',
      method: 'GET',
      path: '/domains/{domain}/hosts',
      tag: 'DNS delegation',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'List glue hosts',
      description: 'Name servers under the domain itself, with their addresses at the registry.',
      params: domainParams,
      query: pageQuery,
      responses: { 200: { description: 'A page of hosts.', schema: pageOf(hostSchema) } },
    }),
    async ({ params, reach, query }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      return json(200, pageOfHosts(domains, reach, row, query));
    },
  );
