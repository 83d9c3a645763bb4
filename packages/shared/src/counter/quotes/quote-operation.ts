// What a product says about one operation that can be quoted: the fields of an item, and the price of many of them at
// once. The same function that prices a purchase is given here, so that a quote cannot differ from what it is quoted
// for.
import type { z } from 'zod';
import type { AppError } from '../../ground/contract';
import type { Offer } from '../../work/purchase';

/** What a quote needs of an offer. The lines of its cost are shown to people. */
export type QuotedItem = Pick<Offer, 'thing' | 'subject' | 'refusal' | 'terms'>;

export interface QuoteOperation {
  /** Fields of one item beside `ref`. */
  readonly item: z.ZodObject;
  /** One answer for each item, in their order; an AppError where no price can be told. */
  price(accountId: string, items: readonly never[]): Promise<readonly (QuotedItem | AppError)[]>;
}

/** Ties the fields to the function that prices them. */
export function quoteOperation<I extends z.ZodObject>(
  item: I,
  price: (accountId: string, items: readonly z.output<I>[]) => Promise<readonly (QuotedItem | AppError)[]>,
): QuoteOperation {
  return { item, price };
}

/** By the name callers use: `{ register: quoteOperation(…), renew: … }`. */
export type QuoteOperations = Readonly<Record<string, QuoteOperation>>;
