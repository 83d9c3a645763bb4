// POST /domains/{domain}/sync
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { syncDomain } from '../portfolio/sync-domain';

export const syncDomainNow = (domains: DomainsDeps) =>
  endpoint(
    syncRoute({
      id: 'sync-domain',
      path: '/domains/{domain}/sync',
      tag: 'Domains',
      summary: 'Read a domain from its registry',
      description:
        'Reads the name at the registry, stores it and answers it. A `domain.synced` event lists what differed. At ' +
        'most once a minute for each domain. A name that the registry does not know is kept, with `missing_since`.',
      params: domainParams,
      answer: { description: 'The domain as it is now.', schema: domainSchema },
    }),
    async ({ params, reach }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const after = await syncOnce(domains.service, { product: 'domains', thing: `domain ${row.name}` }, () =>
        syncDomain(domains, reach, row.name),
      );
      return json(200, viewDomain(after, tld, domains.service.clock.now()));
    },
  );
