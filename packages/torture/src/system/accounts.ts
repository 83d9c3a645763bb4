// Accounts with money, and keys: of customers, and of operators.
import { newId, resellerScopes, type Product } from '@lumi/shared/contract';
import { issueKey, type KeyRings, type Queryable } from '@lumi/shared/keys';
import { secretRing, systemClock } from '@lumi/shared/runtime';
import type { Secrets } from './settings';

/** No limit of a key is met: a run is not about them. */
const PLENTY = { regularPerMinute: 1_000_000, moneyPerMinute: 1_000_000 };

/** Whose key a request carries. */
export interface Buyer {
  readonly name: string;
  readonly product: Product;
  readonly key: string;
  /** Null for an operator. */
  readonly accountId: string | null;
}

export interface BuyerOptions {
  readonly name: string;
  readonly product: Product;
  /** In 1/10,000 USD, for an account of its own. */
  readonly money: number;
  readonly dailyCap?: number | undefined;
  /** The account of another buyer instead of a new one. */
  readonly account?: Buyer | undefined;
}

export class Accounts {
  private readonly rings: KeyRings;

  constructor(secrets: Secrets) {
    this.rings = {
      peppers: secretRing(32).parse(secrets.peppers),
      secrets: secretRing(32).parse(secrets.ring),
      clock: systemClock,
    };
  }

  /** A key of a product. */
  async makeBuyer(db: Queryable, { name, product, money, dailyCap, account }: BuyerOptions): Promise<Buyer> {
    const accountId = account?.accountId ?? newId('usr', Date.now());
    if (account === undefined) await db.query('SELECT platform.create_account($1, $2)', [accountId, name]);
    if (account === undefined && money > 0)
      await db.query("SELECT platform.adjust($1, $2, $3, 'start', NULL, NULL, NULL)", [
        newId('trf', Date.now()),
        accountId,
        money,
      ]);
    const { key } = await issueKey(db, this.rings, {
      product,
      type: 'reseller',
      accountId,
      scopes: resellerScopes(product),
      limits: PLENTY,
      dailyCapUnits: dailyCap === undefined ? null : BigInt(dailyCap),
    });
    return { name, product, key, accountId };
  }

  /** May decide what recovery cannot. */
  async makeOperator(db: Queryable, product: Product): Promise<Buyer> {
    const request = { product, type: 'operator', accountId: null, scopes: [], limits: PLENTY } as const;
    const { key } = await issueKey(db, this.rings, request);
    return { name: 'operator', product, key, accountId: null };
  }
}
