import { z } from 'zod';
import { defineRoute, notFound } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { QUOTES_TAG, type QuoteDeps } from './create-quote';
import { findQuote } from './quote-store';
import { quoteSchema, viewQuote } from './quote-view';

export function getQuote(deps: QuoteDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-quote', method: 'GET', path: '/quotes/{quote_id}', summary: 'Show a quote', tag: QUOTES_TAG.name, scope: 'buy', class: 'regular', reach: 'account',
      description: 'The prices as they were told, and which of them were used.',
      params: z.object({ quote_id: z.string().max(64) }),
      responses: { 200: { description: 'The quote.', schema: quoteSchema } },
      errors: ['not_found'],
    }),
    async ({ params, reach }) => {
      const quote = await findQuote(deps.db.platform, { reach, product: deps.product }, params.quote_id);
      if (quote === null) throw notFound();
      return json(200, viewQuote(quote));
    },
  );
}
