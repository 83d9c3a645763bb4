// Accounts with money and keys to buy with, and the keys of operators.
import type pg from 'pg';
import { newId, resellerScopes, type Product } from '@lumi/shared/contract';
import { issueKey, type KeyRequest } from '@lumi/shared/keys';
import { parseUsd } from '@lumi/shared/money';
import type { Clock } from '@lumi/shared/runtime';

export interface Buyer {
  readonly product: Product;
  readonly accountId: string;
  readonly keyId: string;
  readonly key: string;
  readonly signingSecret: string | undefined;
}

export type Operator = Omit<Buyer, 'accountId'>;

export type KeyWishes = Partial<Pick<KeyRequest, 'product' | 'signing' | 'limits' | 'scopes' | 'expiresAt'>> & {
  readonly cap?: string;
};

const UNLIMITED_PER_MINUTE = 1_000_000;
const UNLIMITED = { regularPerMinute: UNLIMITED_PER_MINUTE, moneyPerMinute: UNLIMITED_PER_MINUTE };

type Rings = Parameters<typeof issueKey>[1];

export class Customers {
  constructor(
    private readonly owner: pg.Pool,
    private readonly rings: Rings,
    private readonly clock: Clock,
  ) {}

  async buyer({ balance, ...wishes }: { balance: string } & KeyWishes): Promise<Buyer> {
    const accountId = newId('usr', this.clock.nowMs());
    await this.owner.query('SELECT platform.create_account($1, $2)', [accountId, 'Test']);
    if (parseUsd(balance) > 0n)
      await this.owner.query(`SELECT platform.adjust($1, $2, $3, 'test money', NULL, NULL, NULL)`, [
        newId('trf', this.clock.nowMs()),
        accountId,
        parseUsd(balance).toString(),
      ]);
    return this.keyOf(accountId, wishes);
  }

  /** Another key of an account, for example for another product. */
  async keyOf(accountId: string, wishes: KeyWishes): Promise<Buyer> {
    return { accountId, ...(await this.issue(accountId, wishes)) };
  }

  operator(product: Product, wishes: KeyWishes = {}): Promise<Operator> {
    return this.issue(null, { ...wishes, product });
  }

  private async issue(accountId: string | null, wishes: KeyWishes) {
    const product = wishes.product ?? 'domains';
    const issued = await issueKey(this.owner, this.rings, {
      product,
      type: accountId === null ? 'operator' : 'reseller',
      accountId,
      signing: wishes.signing ?? 'none',
      limits: wishes.limits ?? UNLIMITED,
      scopes: wishes.scopes ?? (accountId === null ? [...resellerScopes(product), 'admin:*'] : resellerScopes(product)),
      expiresAt: wishes.expiresAt ?? null,
      dailyCapUnits: wishes.cap === undefined ? null : parseUsd(wishes.cap),
    });
    return { product, keyId: issued.id, key: issued.key, signingSecret: issued.signingSecret };
  }
}
