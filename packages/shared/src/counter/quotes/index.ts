// Prices told before buying, kept for a while. See README.md.
import type { Cursors } from '../../ground/contract';
import { DAY_MS } from '../../ground/times';
import type { Endpoint } from '../endpoint';
import type { Loop } from '../../house-keeping/process';
import { createQuote, type QuoteDeps } from './create-quote';
import { getQuote } from './get-quote';
import type { QuoteOperations } from './quote-operation';
import { forgetQuotes } from './quote-store';

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

const FORGET_AFTER_MS = 30 * DAY_MS;
const FORGET_ROUND = 200;

/** Deletes quotes a month after they ended. */
export function quoteLoop(deps: QuoteDeps): Loop {
  return {
    name: 'forget-quotes',
    everyMs: 600_000,
    run: async () =>
      (await forgetQuotes(deps.db.platform, new Date(deps.clock.nowMs() - FORGET_AFTER_MS), FORGET_ROUND)) ===
      FORGET_ROUND,
  };
}
