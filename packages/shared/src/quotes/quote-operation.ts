// What a product says about one operation that can be quoted: the fields of an item, and the price of many of them at once. The same
// function that prices a purchase is given here, so that a quote cannot differ from what it is quoted for.
import type { z } from 'zod';
import type { AppError } from '../contract';
import type { Units } from '../money';
import type { PurchaseRequest } from '../purchase';

/** What a line is made of, for people: `{ label: 'Registration, 2 years', amount: … }`; discounts are negative. Their sum is the price. */
export interface PricePart {
  readonly label: string;
  readonly amount: Units;
}

/** A purchase's own part of a PurchaseRequest, or the fields of it that a quote needs. */
export type QuotedItem = Pick<PurchaseRequest, 'thing' | 'subject' | 'price' | 'refusal' | 'terms'> & { readonly parts?: readonly PricePart[] };

export interface QuoteOperation {
  /** Fields of one item beside `ref`. */
  readonly item: z.ZodObject;
  /** One answer for each item, in their order; an AppError where no price can be told. */
  price(accountId: string, items: readonly never[]): Promise<readonly (QuotedItem | AppError)[]>;
}

/** Ties the fields to the function that prices them. */
export function quoteOperation<I extends z.ZodObject>(item: I, price: (accountId: string, items: readonly z.output<I>[]) => Promise<readonly (QuotedItem | AppError)[]>): QuoteOperation {
  return { item, price };
}

/** By the name callers use: `{ register: quoteOperation(…), renew: … }`. */
export type QuoteOperations = Readonly<Record<string, QuoteOperation>>;
