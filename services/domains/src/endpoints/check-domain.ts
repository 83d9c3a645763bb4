// GET /domains/check
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { checkItemSchema, checkNames } from '../portfolio/check-names';

export const checkDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'check-domain',
      method: 'GET',
      path: '/domains/check',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'Check one name',
      description:
        'Availability and price of one name. A name that cannot be registered answers `200` too, with its ' +
        '`status` and `reason`.',
      query: z.object({
        domain: z
          .string()
          .min(1)
          .max(255)
          .describe('The name, in Unicode or as A-labels.')
          .meta({ example: 'example.com' }),
        years: z
          .string()
          .regex(/^([1-9]|10)$/, 'must be a whole number from 1 to 10')
          .optional()
          .describe('Years to price.'),
      }),
      responses: { 200: { description: 'What is known about the name.', schema: checkItemSchema } },
    }),
    async ({ query }) => {
      const items = await checkNames(
        domains,
        [query.domain],
        query.years === undefined ? undefined : Number.parseInt(query.years, 10),
      );
      return json(200, items[0]);
    },
  );
