// What a product provides for one operation that can be quoted: the fields of an item, and the price of many items at
// once. It is the function that also prices the purchase, so a quote cannot differ from its purchase.
import type { z } from 'zod';
import type { AppError } from '../../ground/contract';
import type { Offer } from '../../work/purchase';

export interface QuoteOperation {
  /** Fields of one item beside `ref`. */
  readonly item: z.ZodObject;
  /** One answer for each item, in their order; an AppError when there is no price. */
  price(accountId: string, items: readonly never[]): Promise<readonly (Offer | AppError)[]>;
}

/** Joins the fields and the function that prices them. */
export function quoteOperation<I extends z.ZodObject>(
  item: I,
  price: (accountId: string, items: readonly z.output<I>[]) => Promise<readonly (Offer | AppError)[]>,
): QuoteOperation {
  return { item, price };
}

/** By public name: `{ register: quoteOperation(…), renew: … }`. */
export type QuoteOperations = Readonly<Record<string, QuoteOperation>>;
