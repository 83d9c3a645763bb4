// POST /domains/check
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { checkItemSchema, checkNames } from '../portfolio/check-names';

export const checkDomains = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'check-domains',
      method: 'POST',
      path: '/domains/check',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      bulk: 'domains',
      summary: 'Check up to 500 names',
      description:
        'Availability and prices, one item for each name in the order sent. A look-up that failed is ' +
        '`unknown`, never `taken`.',
      body: z.object({
        domains: z.array(z.string().min(1).max(255)).min(1).describe('1 to 500 names, in Unicode or as A-labels.'),
        years: z
          .number()
          .int()
          .min(1)
          .max(10)
          .optional()
          .describe('Years to price; absent: the shortest the TLD allows.'),
      }),
      bodyExample: { domains: ['example.com', 'münchen.de'], years: 1 },
      responses: {
        200: { description: 'One item for each name.', schema: z.object({ items: z.array(checkItemSchema) }) },
      },
    }),
    async ({ body }) => json(200, { items: await checkNames(domains, body.domains, body.years) }),
  );
