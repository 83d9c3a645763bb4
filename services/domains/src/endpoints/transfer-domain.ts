// POST /transfers
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import { SELLING, dryRunAnswer, orderSchema, sell } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { domainSchema } from '../portfolio/domain-view';
import { transferSchema } from '../portfolio/transfer-view';
import { transferBody, transferIn } from '../purchases/transfer-wish';

export const transferDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'transfer-domain',
      method: 'POST',
      path: '/transfers',
      tag: 'Transfers',
      ...SELLING,
      autoRenew: ['auto_renew'],
      summary: 'Transfer a domain in',
      description:
        'Brings a name from another registrar. The money is held until the transfer is done; when it is ' +
        'refused or cancelled, it comes back.',
      body: transferBody,
      bodyExample: { domain: 'elsewhere-shop.test', auth_code: 'right-code', max_price_usd: '5.00' },
      responses: {
        200: dryRunAnswer,
        201: {
          description: 'Done at once.',
          schema: z.object({ transfer: transferSchema, domain: domainSchema, order: orderSchema }),
        },
        202: {
          description: 'Under way.',
          schema: z.object({ operation_id: z.string(), transfer: transferSchema, order: orderSchema }),
        },
      },
      errors: [
        'already_owned',
        'not_available',
        'price_changed',
        'state_conflict',
        'busy',
        'requirements_missing',
        'supplier_error',
      ],
    }),
    async (context) =>
      sell(domains.service.purchases, context, await transferIn(domains, context.accountId, context.body)),
  );
