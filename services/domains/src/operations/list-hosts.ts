// GET /domains/{domain}/hosts
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { Domains } from '../domains';
import { hostSchema } from '../portfolio/glue-host';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const listHosts = (domains: Domains) =>
  endpoint(
    defineRoute({
      id: 'list-hosts', method: 'GET', path: '/domains/{domain}/hosts', tag: 'DNS delegation', scope: 'read', class: 'regular', reach: 'account',
      summary: 'List glue hosts', description: 'Name servers under the domain itself, with their addresses at the registry.',
      params: domainParams, responses: { 200: { description: 'All hosts.', schema: z.object({ items: z.array(hostSchema) }) } },
    }),
    async ({ params, reach }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      return json(200, { items: Object.entries(row.hosts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, ips]) => ({ domain: row.name, host, ips })) });
    },
  );
