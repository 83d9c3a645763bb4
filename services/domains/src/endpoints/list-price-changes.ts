// GET /prices/changes
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { given, seqBefore } from '@lumi/shared/db';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import { instantQuery } from '@lumi/shared/times';
import type { DomainsDeps } from '../deps';
import type { PriceChangeModel } from '../generated/db/models';
import { OPERATIONS } from '../portfolio/tld-view';

const priceChangeSchema = z
  .object({
    tld: z.string().meta({ example: 'com' }),
    operation: z.enum(OPERATIONS),
    old_usd: usdOutput.nullable().describe('Null: the operation was not offered.'),
    new_usd: usdOutput.nullable().describe('Null: it is offered no longer.'),
    effective_at: z.string().describe('From when the new price holds.'),
  })
  .meta({ id: 'PriceChange' });

export const listPriceChanges = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-price-changes',
      method: 'GET',
      path: '/prices/changes',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'List changes of prices',
      description:
        'What became of prices for one year, newest first. An order is charged the price that it was offered; a ' +
        'quote holds its price until it expires.',
      query: pageQuery.extend({
        since: instantQuery.describe('Only changes at this time or later.'),
        tld: z.string().min(2).max(63).optional().describe('Only this TLD, without the dot.'),
      }),
      responses: { 200: { description: 'A page of changes.', schema: pageOf(priceChangeSchema) } },
    }),
    async ({ query, reach }) => {
      const { since, tld } = query;
      const page = await pageOfRows({
        route: 'list-price-changes',
        reach,
        query,
        cursors: domains.service.cursors,
        read: (at) =>
          domains.db.priceChange.findMany({
            where: {
              ...given({ tld: tld?.toLowerCase() }),
              ...(since === undefined ? {} : { effective_at: { gte: new Date(since) } }),
              ...seqBefore(at),
            },
            orderBy: { seq: 'desc' },
            take: at.limit + 1,
          }),
        position: bySeq,
        view: viewPriceChange,
      });
      return json(200, page);
    },
  );

function viewPriceChange(row: PriceChangeModel): z.output<typeof priceChangeSchema> {
  const usd = (price: bigint | null) => (price === null ? null : formatUsd(price));
  return {
    tld: row.tld,
    operation: row.operation as (typeof OPERATIONS)[number], // the trigger writes no other
    old_usd: usd(row.old_price),
    new_usd: usd(row.new_price),
    effective_at: isoSeconds(row.effective_at),
  };
}
