// GET /domains/{domain}/hosts
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { accountOf, pageOfWhole } from '@lumi/shared/listing';
import type { Domains } from '../domains';
import { hostSchema } from '../portfolio/glue-host';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const listHosts = (domains: Domains) =>
  endpoint(
    defineRoute({
      id: 'list-hosts', method: 'GET', path: '/domains/{domain}/hosts', tag: 'DNS delegation', scope: 'read', class: 'regular', reach: 'account',
      summary: 'List glue hosts', description: 'Name servers under the domain itself, with their addresses at the registry.',
      params: domainParams, query: pageQuery, responses: { 200: { description: 'A page of hosts.', schema: pageOf(hostSchema) } },
    }),
    async ({ params, reach, query }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const hosts = Object.entries(row.hosts).sort(([a], [b]) => (a < b ? -1 : 1));
      return json(200, pageOfWhole(hosts, {
        route: 'list-hosts', account: accountOf(reach), of: row.name, query, cursors: domains.service.cursors, key: ([host]) => host, view: ([host, ips]) => ({ domain: row.name, host, ips }),
      }));
    },
  );
