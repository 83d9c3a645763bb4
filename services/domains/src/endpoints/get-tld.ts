// GET /tlds/{tld}
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { tldSchema, viewTld } from '../portfolio/tld-view';

export const getTld = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-tld',
      method: 'GET',
      path: '/tlds/{tld}',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'Get a TLD',
      description: 'Prices and rules of one TLD.',
      params: z.object({
        tld: z.string().min(2).max(63).describe('Without the dot: `com`, `co.uk`.').meta({ example: 'com' }),
      }),
      responses: { 200: { description: 'The TLD.', schema: tldSchema } },
    }),
    async ({ params }) => {
      await domains.catalogue.ready();
      const tld = domains.catalogue.find(params.tld.toLowerCase());
      if (tld === null) throw notFound();
      return json(200, viewTld(tld));
    },
  );
