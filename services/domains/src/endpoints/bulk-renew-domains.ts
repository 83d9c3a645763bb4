// POST /domains/bulk-renew
import { bulkKind } from '@lumi/shared/batches';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { domainField } from '../purchases/registration';
import { renewBody, renewals } from '../purchases/renewal';

export const bulkRenewDomains = (domains: DomainsDeps) =>
  bulkKind({
    id: 'bulk-renew-domains',
    path: '/domains/bulk-renew',
    tag: 'Domains',
    summary: 'Renew several domains',
    description: 'Each item is what `POST /domains/{domain}/renew` takes, and the `domain`.',
    item: renewBody.extend({ domain: domainField }),
    itemExample: {
      domain: 'my-first.test',
      years: 1,
      current_expires_at: '2027-11-24T10:00:00Z',
      max_price_usd: '12.00',
    },
    ready: () => domains.catalogue.ready(),
    // An unreadable name is treated as a name that the account does not have: `prepare` answers both with the same
    // message.
    about: 'domain',
    identify: ({ domain }) => {
      const reading = readDomainName(domain, domains.catalogue);
      const subject = reading.kind === 'name' ? reading.name : domain;
      return { subject, once: subject };
    },
    prepare: (accountId, items) =>
      renewals(
        domains,
        accountId,
        items.map(({ domain, ...body }) => ({ domain, body })),
      ),
  });
