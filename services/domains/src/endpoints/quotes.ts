// The operations that can be quoted. The function that prices the purchase also prices its quote.
import { z } from 'zod';
import { oneByOne } from '@lumi/shared/endpoint';
import { quoteOperation, type QuoteOperations } from '@lumi/shared/quotes';
import type { DomainsDeps } from '../deps';
import { domainField, registrations, yearsField } from '../purchases/registration';
import { renewals } from '../purchases/renewal';
import { restoration } from '../purchases/restore';
import { transferIn } from '../purchases/transfer-wish';
import { ownDomain } from '../portfolio/own-domain';

export const QUOTE_EXAMPLE = { operation: 'register', items: [{ domain: 'my-first.test', years: 1 }] };

const named = z.object({ domain: domainField });
const forYears = named.extend({ years: yearsField });

export function quoteOperations(domains: DomainsDeps): QuoteOperations {
  return {
    register: quoteOperation(forYears, (accountId, items) => registrations(domains, accountId, items, 'quote')),
    renew: quoteOperation(forYears, (accountId, items) =>
      renewals(
        domains,
        accountId,
        items.map(({ domain, years }) => ({ domain, body: { years } })),
      ),
    ),
    transfer: quoteOperation(named, (accountId, items) =>
      oneByOne(items, (item) => transferIn(domains, accountId, item, 'quote')),
    ),
    restore: quoteOperation(named, (accountId, items) =>
      oneByOne(items, async ({ domain }) =>
        restoration(domains, (await ownDomain(domains, { kind: 'account', accountId }, domain)).row, undefined),
      ),
    ),
  };
}
