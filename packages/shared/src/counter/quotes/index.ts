// Prices told before buying, kept for a while. See README.md.
import type { Cursors } from '../../ground/contract';
import type { Endpoint } from '../endpoint';
import { createQuote, type QuoteDeps } from './create-quote';
import { getQuote } from './get-quote';
import type { QuoteOperations } from './quote-operation';

export { QUOTE_MINUTES, QUOTES_TAG } from './create-quote';
export { quoteOperation, type QuoteOperation, type QuoteOperations } from './quote-operation';
export { QUOTE_RULES } from './quote-audit';

export function quoteEndpoints(
  deps: QuoteDeps & { readonly cursors: Cursors },
  operations: QuoteOperations,
  bodyExample: unknown,
): Endpoint[] {
  return [createQuote(deps, operations, bodyExample), getQuote(deps)];
}
