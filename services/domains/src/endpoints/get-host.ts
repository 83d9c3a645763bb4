// GET /domains/{domain}/hosts/{host}
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { hostParams, hostSchema, hostUnder } from '../portfolio/glue-host';
import { ownDomain } from '../portfolio/own-domain';

export const getHost = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-host',
      method: 'GET',
      path: '/domains/{domain}/hosts/{host}',
      tag: 'DNS delegation',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get a glue host',
      description: 'The addresses of one host.',
      params: hostParams,
      responses: { 200: { description: 'The host.', schema: hostSchema } },
    }),
    async ({ params, reach }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const host = hostUnder(row, params.host);
      if (host === null) throw notFound();
      const ips = row.hosts[host];
      if (ips === undefined) throw notFound();
      return json(200, { domain: row.name, host, ips });
    },
  );
