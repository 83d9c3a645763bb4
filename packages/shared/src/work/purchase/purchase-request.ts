// What the purchase engine is asked: an offer of the product, who pays for it and which price was agreed to.
import { AppError } from '../../ground/contract';
import type { Claim } from '../../base/idempotency';
import type { Units } from '../../ground/money';
import type { Principal } from '../../base/principal';
import type { Terms } from './terms';
import type { AnyThingSold, JsonObject } from './thing-sold';

/**
 * The product's part of a purchase: what is sold on which terms. Endpoints, quotes, bulks and automatic renewals all
 * use it.
 */
export interface Offer {
  readonly thing: AnyThingSold;
  readonly item: JsonObject;
  readonly subject: string;
  /**
   * At most one open order may hold this key, across all accounts, because an open order changes the object's state for
   * every later offer. Null for objects that cannot collide.
   */
  readonly lockKey: string | null;
  /** All inputs of the price, and the price. */
  readonly terms: Terms;
  /** A product's reason to refuse. It is checked after cap and balance, as the order of refusals requires. */
  readonly refusal?: AppError | null;
}

export interface PurchaseRequest extends Offer {
  readonly consent?: PriceConsent;
  /**
   * Buys at the price of a line of this quote. The quote must belong to the account, not be expired or used, and have
   * the same kind and terms.
   */
  readonly quoteId?: string | null;
  readonly principal: Payer;
  readonly accountId: string;
  readonly requestId: string;
  /** Null for a dry run. */
  readonly claim: Claim | null;
  readonly dryRun: boolean;
  readonly reference?: string | null;
  readonly tags?: readonly string[];
  readonly metadata?: JsonObject | null;
  readonly batch?: { readonly id: string; readonly item: number };
}

/** What the money step needs to know about the payer: a key, or Lumi itself for a renewal (see `systemPayer`). */
export type Payer = Pick<Principal, 'product' | 'keyId' | 'lineageId'> & {
  readonly type: Principal['type'] | 'system';
};

export interface PriceConsent {
  readonly expected?: Units | undefined;
  readonly max?: Units | undefined;
}
