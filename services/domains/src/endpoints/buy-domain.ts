// POST /domains
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import { SELLING, acceptedAnswer, dryRunAnswer, orderSchema, sell } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { domainSchema } from '../portfolio/domain-view';
import { registerBody, registration } from '../purchases/registration';

export const buyDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'buy-domain',
      method: 'POST',
      path: '/domains',
      tag: 'Domains',
      ...SELLING,
      autoRenew: ['auto_renew'],
      summary: 'Buy a domain',
      description:
        'Registers a name and charges its price. The contacts are one of yours (`contact_id`) or given in ' +
        'place (`contacts`); some TLDs need none. ' +
        ('Premium names are sold only with `expected_price_usd` or `max_price_usd`. Names under `.test` ' +
          'whose first words are magic play every ending a registry can surprise you with.'),
      body: registerBody,
      bodyExample: { domain: 'my-first.test', years: 1, auto_renew: false, max_price_usd: '5.00' },
      responses: {
        200: dryRunAnswer,
        201: { description: 'Bought.', schema: z.object({ domain: domainSchema, order: orderSchema }) },
        202: acceptedAnswer,
      },
      errors: ['not_available', 'already_owned', 'price_changed', 'busy', 'requirements_missing', 'supplier_error'],
    }),
    async (context) => {
      const offer = await registration(domains, context.accountId, context.body);
      return sell(domains.service.purchases, context, offer);
    },
  );
