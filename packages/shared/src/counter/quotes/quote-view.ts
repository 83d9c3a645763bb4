// The view of a quote for callers.
import { z } from 'zod';
import { formatUsd, usdOutput, type Units } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import type { Quote, QuoteLine } from './quote-store';

const problemSchema = z.object({
  ref: z.string().nullable().describe('The item it is about; null when it is about all of them together.'),
  code: z.string().describe('The error code a purchase would be refused with now.').meta({ example: 'not_available' }),
  message: z.string(),
});

export const quoteItemSchema = z.object({
  ref: z.string(),
  price_usd: usdOutput.nullable().describe('Null when there is no price; see `problems`.'),
  lines: z.array(z.object({ label: z.string(), amount_usd: usdOutput })).describe('What the price is made of.'),
  used_by: z.string().nullable().describe('The order that was made at this price.'),
});

export const quoteSchema = z
  .object({
    id: z.string().meta({ example: 'quo_01k000000000000000000000' }),
    operation: z.string(),
    user_id: z.string(),
    items: z.array(quoteItemSchema),
    total_usd: usdOutput.describe('The sum of the items that have no problem.'),
    created_at: z.string(),
    expires_at: z.string().describe('Until then each item can be bought once at its price.'),
  })
  .meta({ id: 'Quote' });

export const freshQuoteSchema = quoteSchema
  .extend({
    balance_after_usd: usdOutput.describe(
      'What would be available after buying all of it; negative is what is missing.',
    ),
    cap_remaining_after_usd: usdOutput
      .nullable()
      .describe('What the daily cap of the key would leave; negative when it does not cover this, null without a cap.'),
    problems: z.array(problemSchema).describe('Why some of it, or all, would be refused if it were bought now.'),
  })
  .meta({ id: 'FreshQuote' });

export type Problem = z.output<typeof problemSchema>;

export function viewQuote(quote: Quote): z.output<typeof quoteSchema> {
  return {
    id: quote.id,
    operation: quote.operation,
    user_id: quote.accountId,
    items: quote.lines.map(viewLine),
    total_usd: formatUsd(totalOf(quote)),
    created_at: isoSeconds(quote.createdAt),
    expires_at: isoSeconds(quote.expiresAt),
  };
}

export function totalOf(quote: Quote): Units {
  return quote.lines.reduce(
    (sum, line) => (line.problem === null && line.priced !== null ? sum + line.priced.price : sum),
    0n,
  );
}

export function problemsOf(quote: Quote): Problem[] {
  return quote.lines.flatMap(({ ref, problem }) =>
    problem === null ? [] : [{ ref, code: problem.code, message: problem.text }],
  );
}

export function viewLine(line: QuoteLine): z.output<typeof quoteItemSchema> {
  return {
    ref: line.ref,
    price_usd: line.priced === null ? null : formatUsd(line.priced.price),
    used_by: line.orderId,
    lines: line.parts.map(({ label, amount }) => ({ label, amount_usd: formatUsd(BigInt(amount)) })),
  };
}
