// POST /domains/suggest
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { suggestedNames, tldsFor } from '../names/suggestions';
import { checkItemSchema, checkNames } from '../portfolio/check-names';

const ITEMS_MAX = 50;
const CHECK_LIMIT_MS = 3_000;

export const suggestDomains = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'suggest-domains',
      method: 'POST',
      path: '/domains/suggest',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'Suggest names',
      description:
        'Names that resemble yours, the nearest first: under other TLDs, with hyphens, in singular or plural, with a ' +
        'word before or after. Each was checked at its registry just now. One whose registry did not answer within ' +
        'three seconds is `unknown`, and is left out with the others that cannot be bought unless you ask for them.',
      body: z.object({
        query: z.string().min(1).max(100).describe('Words, or a name that you would have liked.'),
        tlds: z
          .array(z.string().min(2).max(63))
          .min(1)
          .max(20)
          .optional()
          .describe('Where to look, the best first. Absent: every TLD that is sold, by its renewal price.'),
        limit: z.number().int().min(1).max(ITEMS_MAX).optional().describe('How many at most; absent: 20.'),
        only_available: z.boolean().optional().describe('`false`: also names that cannot be bought. Absent: `true`.'),
      }),
      bodyExample: { query: 'blue bakery', tlds: ['com', 'app'], limit: 10 },
      responses: {
        200: {
          description: 'What was found, at most as many as you asked for.',
          schema: z.object({ items: z.array(checkItemSchema) }),
        },
      },
    }),
    async ({ body: { query, tlds, limit = 20, only_available: isOnlyAvailable = true } }) => {
      await domains.catalogue.ready();
      const names = suggestedNames(query, tldsFor(query, tlds, domains.catalogue.all()));
      const checked = await checkNames(domains, names, undefined, CHECK_LIMIT_MS);
      return json(200, {
        items: checked.filter(({ orderable }) => orderable || !isOnlyAvailable).slice(0, limit),
      });
    },
  );
