import { z } from 'zod';
import { defineRoute, notFound, pageOf, pageQuery, type Cursors } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { accountOf, pageOfWhole } from '../listing';
import { QUOTES_TAG, type QuoteDeps } from './create-quote';
import { findQuote } from './quote-store';
import { quoteItemSchema, quoteSchema, viewLine, viewQuote } from './quote-view';

export function getQuote(deps: QuoteDeps & { readonly cursors: Cursors }): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-quote',
      method: 'GET',
      path: '/quotes/{quote_id}',
      summary: 'Show a quote',
      tag: QUOTES_TAG.name,
      scope: 'buy',
      class: 'regular',
      reach: 'account',
      description: 'The quoted prices, and which of them were used; its items page by page.',
      params: z.object({ quote_id: z.string().max(64) }),
      query: pageQuery,
      responses: {
        200: {
          description: 'The quote with a page of its items.',
          schema: quoteSchema.extend(pageOf(quoteItemSchema).shape).meta({ id: 'QuotePage' }),
        },
      },
      errors: ['not_found'],
    }),
    async ({ params, reach, query }) => {
      const quote = await findQuote(deps.db.platform, { reach, product: deps.product }, params.quote_id);
      if (quote === null) throw notFound();
      const lines = quote.lines.map((line, place) => ({ line, place }));
      const page = pageOfWhole(lines, {
        route: 'get-quote',
        account: accountOf(reach),
        of: quote.id,
        query,
        cursors: deps.cursors,
        key: ({ place }) => String(place),
        view: ({ line }) => viewLine(line),
      });
      return json(200, { ...viewQuote(quote), ...page });
    },
  );
}
