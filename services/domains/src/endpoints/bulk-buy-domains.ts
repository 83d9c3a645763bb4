// POST /domains/bulk
import { invalid } from '@lumi/shared/contract';
import { bulkKind } from '@lumi/shared/batches';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { registerBody, registrations } from '../purchases/registration';

export const bulkBuyDomains = (domains: DomainsDeps) =>
  bulkKind({
    id: 'bulk-buy-domains',
    path: '/domains/bulk',
    tag: 'Domains',
    summary: 'Buy several domains',
    description: 'Each item is what `POST /domains` takes.',
    item: registerBody,
    itemExample: { domain: 'my-second.test', years: 1, max_price_usd: '5.00', ref: 'order-17' },
    ready: () => domains.catalogue.ready(),
    about: 'domain',
    identify: ({ domain }) => {
      const reading = readDomainName(domain, domains.catalogue);
      if (reading.kind !== 'name') throw invalid('domain', reading.reason);
      return { subject: reading.name, once: reading.name };
    },
    prepare: (accountId, bodies) => registrations(domains, accountId, bodies),
  });
