// POST /domains/{domain}/restore
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import { SELLING, acceptedAnswer, dryRunSchema, orderSchema, sell } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { restoration, restoreBody } from '../purchases/restore';

export const restoreDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'restore-domain',
      method: 'POST',
      path: '/domains/{domain}/restore',
      tag: 'Domains',
      ...SELLING,
      summary: 'Restore a domain',
      description: 'Gets a domain back out of redemption. The price includes the year that the registry adds.',
      params: domainParams,
      body: restoreBody,
      bodyExample: { max_price_usd: '90.00' },
      responses: {
        200: {
          description: 'Restored (or, for a dry run, what it would cost).',
          schema: z.union([z.object({ domain: z.string(), expires_at: z.string(), order: orderSchema }), dryRunSchema]),
        },
        202: acceptedAnswer,
      },
      errors: ['price_changed', 'state_conflict', 'busy', 'supplier_error'],
    }),
    async (context) => {
      const { row } = await ownDomain(domains, context.reach, context.params.domain);
      return sell(domains.service.purchases, context, restoration(domains, row, context.body.reason));
    },
  );
