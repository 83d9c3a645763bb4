// POST /domains/{domain}/hosts/{host}/sync
import { notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { hostParams, hostSchema, hostUnder } from '../portfolio/glue-host';
import { ownDomain } from '../portfolio/own-domain';
import { syncDomain } from '../portfolio/sync-domain';

export const syncHost = (domains: DomainsDeps) =>
  endpoint(
    syncRoute({
      id: 'sync-host',
      path: '/domains/{domain}/hosts/{host}/sync',
      tag: 'DNS delegation',
      summary: 'Read a glue host from its registry',
      description:
        'Reads the domain as `POST /domains/{domain}/sync` does, and answers the host: `404` where the ' +
        'registry has none of this name. At most once a minute for each host.',
      params: hostParams,
      answer: { description: 'The host as the registry has it now.', schema: hostSchema },
    }),
    async ({ params, reach }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const host = hostUnder(row, params.host);
      if (host === null) throw notFound();
      const after = await syncOnce(domains.service, { product: 'domains', thing: `host ${host} of ${row.name}` }, () =>
        syncDomain(domains, reach, row.name),
      );
      const ips = after.hosts[host];
      if (ips === undefined) throw notFound();
      return json(200, { domain: after.name, host, ips });
    },
  );
