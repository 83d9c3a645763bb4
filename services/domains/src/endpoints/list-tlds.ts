// GET /tlds
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { instantQuery } from '@lumi/shared/times';
import type { DomainsDeps } from '../deps';
import { OPERATIONS, tldSchema, viewTld } from '../portfolio/tld-view';

const query = pageQuery.extend({
  q: z.string().min(1).max(63).optional().describe('Part of the TLD.'),
  category: z.string().min(1).max(32).optional().describe('`generic`, `country` or `sandbox`.'),
  op: z.enum(OPERATIONS).optional().describe('Only TLDs that offer this operation.'),
  updated_since: instantQuery.describe('Only TLDs whose rules or prices changed since.'),
});

export const listTlds = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-tlds',
      method: 'GET',
      path: '/tlds',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'List TLDs with prices and rules',
      description: 'All TLDs that can be bought, with prices for one year and the rules of their registries.',
      query,
      responses: { 200: { description: 'A page of TLDs.', schema: pageOf(tldSchema) } },
    }),
    async ({ query: wanted }) => {
      await domains.catalogue.ready();
      const { limit, cursor, ...filter } = wanted;
      const binding = { account: null, route: 'list-tlds', filter };
      const request = readPage({ limit, cursor }, domains.service.cursors, binding);
      const after = request.after?.[0] ?? '';
      const since = filter.updated_since === undefined ? null : new Date(filter.updated_since);
      const rows = domains.catalogue
        .all()
        .filter(
          (tld) =>
            tld.tld > after &&
            (filter.q === undefined || tld.tld.includes(filter.q.toLowerCase())) &&
            (filter.category === undefined || tld.category === filter.category) &&
            (filter.op === undefined || viewTld(tld).ops[filter.op]) &&
            (since === null || tld.updated_at >= since),
        );
      return json(
        200,
        toPage(
          rows.slice(0, request.limit + 1),
          request,
          domains.service.cursors,
          binding,
          (tld) => [tld.tld],
          viewTld,
        ),
      );
    },
  );
