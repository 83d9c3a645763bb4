// What the purchase engine is asked: an offer of the product, who pays for it and which price was agreed to.
import { AppError } from '../../ground/contract';
import type { Claim } from '../../base/idempotency';
import type { Units } from '../../ground/money';
import type { Principal } from '../../base/principal';
import type { Terms } from './terms';
import type { AnyThingSold, JsonObject } from './thing-sold';

/**
 * The product's part of a purchase: what is sold at which terms. Endpoints, quotes, bulks and renewals by themselves
 * all ask for it.
 */
export interface Offer {
  readonly thing: AnyThingSold;
  readonly item: JsonObject;
  readonly subject: string;
  /**
   * At most one open order may hold this key, over all accounts: an open order on an object is a state that every later
   * offer on it sees. Null for things that cannot collide.
   */
  readonly lockKey: string | null;
  /** Every input of the price, and the price. */
  readonly terms: Terms;
  /**
   * A reason of the product to refuse; told only after cap and balance were found good, as the order of refusals
   * demands.
   */
  readonly refusal?: AppError | null;
}

export interface PurchaseRequest extends Offer {
  readonly consent?: PriceConsent;
  /**
   * Buys at the price of a line of this quote, which must be the account's own, not expired, not used, and of the same
   * kind and terms.
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

/** What the money step asks about who pays: a key, or Lumi itself for a renewal (see `systemPayer`). */
export type Payer = Pick<Principal, 'product' | 'keyId' | 'lineageId'> & {
  readonly type: Principal['type'] | 'system';
};

export interface PriceConsent {
  readonly expected?: Units | undefined;
  readonly max?: Units | undefined;
}
