// What a purchase of hosting is, as the endpoints, quotes, bulks and renewals by itself all ask for it: one function per thing sold says
// the price, what it is made of, and why it would be refused.
import type { PurchaseRequest } from '@lumi/shared/purchase';
import type { Units } from '@lumi/shared/money';

export interface Offer extends Pick<PurchaseRequest, 'thing' | 'item' | 'subject' | 'lockKey' | 'price' | 'terms'> {
  readonly refusal: PurchaseRequest['refusal'] & object | null;
  /** For people: their sum is the price. */
  readonly parts: readonly { readonly label: string; readonly amount: Units }[];
}
