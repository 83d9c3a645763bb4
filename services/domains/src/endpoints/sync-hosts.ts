// POST /domains/{domain}/hosts/sync
import { pageOf } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { hostSchema, pageOfHosts } from '../portfolio/glue-host';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { syncDomain } from '../portfolio/sync-domain';

export const syncHosts = (domains: DomainsDeps) =>
  endpoint(
    syncRoute({
      id: 'sync-hosts',
      path: '/domains/{domain}/hosts/sync',
      tag: 'DNS delegation',
      summary: 'Read the glue hosts of a domain from its registry',
      description:
        'Hosts are part of their domain: this reads it as `POST /domains/{domain}/sync` does, and answers ' +
        'its hosts. At most once a minute for the hosts of each domain.',
      params: domainParams,
      answer: {
        description: 'The first page of hosts, as `GET /domains/{domain}/hosts` has it.',
        schema: pageOf(hostSchema),
      },
    }),
    async ({ params, reach }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      return json(
        200,
        pageOfHosts(
          domains,
          reach,
          await syncOnce(domains.service, { product: 'domains', thing: `hosts of ${row.name}` }, () =>
            syncDomain(domains, reach, row.name),
          ),
          {},
        ),
      );
    },
  );
