// POST /domains/{domain}/renew
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import { SELLING, acceptedAnswer, dryRunSchema, orderSchema, sell } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { domainParams } from '../portfolio/own-domain';
import { renewBody, renewal } from '../purchases/renewal';

export const renewDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'renew-domain',
      method: 'POST',
      path: '/domains/{domain}/renew',
      tag: 'Domains',
      ...SELLING,
      summary: 'Renew a domain',
      description:
        'Adds years. `current_expires_at` is the guard against renewing twice: it must be the expiry you ' +
        'last read, and a renewal that was done already is refused with `expiry_mismatch`.',
      params: domainParams,
      body: renewBody,
      bodyExample: { years: 1, current_expires_at: '2027-11-24T10:00:00Z', max_price_usd: '12.00' },
      responses: {
        200: {
          description: 'Renewed (or, for a dry run, what it would cost).',
          schema: z.union([z.object({ domain: z.string(), expires_at: z.string(), order: orderSchema }), dryRunSchema]),
        },
        202: acceptedAnswer,
      },
      errors: ['expiry_mismatch', 'price_changed', 'state_conflict', 'busy', 'supplier_error'],
    }),
    async (context) => {
      const offer = await renewal(domains, context.accountId, context.params.domain, context.body);
      return sell(domains.service.purchases, context, offer);
    },
  );
