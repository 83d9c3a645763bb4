// POST /domains/{domain}/sync
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce } from '@lumi/shared/sync';
import type { Domains } from '../domains';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { syncDomain } from '../portfolio/sync-domain';
import { turnOf } from '../store/sync-store';

export const syncDomainNow = (domains: Domains) =>
  endpoint(
    defineRoute({
      id: 'sync-domain', method: 'POST', path: '/domains/{domain}/sync', tag: 'Domains', scope: 'write', class: 'regular', reach: 'account',
      summary: 'Read a domain from its registry',
      description: 'Asks the registry how the name stands, writes it down and answers it. What differed is told by a `domain.synced` event. At most once a minute for each domain. A name the registry does not know is kept, with `missing_since`.',
      params: domainParams,
      responses: { 200: { description: 'The domain as it is now.', schema: domainSchema } },
      errors: ['busy'],
    }),
    async ({ params, reach }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const { db: { platform }, clock } = domains.service;
      const after = await syncOnce(platform, turnOf(row), clock.now(), () => syncDomain(domains, reach, row.name));
      return json(200, viewDomain(after, tld, clock.now()));
    },
  );
