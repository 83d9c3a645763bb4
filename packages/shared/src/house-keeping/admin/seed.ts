// The demo account of a fresh installation: sandbox money, and one operator key and one reseller key for each product.
// It may run again: account and money are made once, but the keys anew, because a key cannot be shown a second time.
import type { Act } from '../../base/audit-log';
import { PRODUCTS, newId, resellerScopes, type Product } from '../../ground/contract';
import { issueKey, type KeyRings, type Queryable } from '../../base/keys';
import { parseUsd } from '../../ground/money';
import { keyAct } from './key-view';
import { createAccount } from './user-store';

const ACCOUNT_NAME = 'Demo';
const BALANCE_USD = '1000';
const REASON = 'sandbox money of the demo account';

export interface DemoKeys {
  readonly operator: { readonly key: string };
  readonly reseller: { readonly user_id: string; readonly key: string };
}

/** `db` must be one connection of the database's owner, so that all commits together. */
export async function seedDemo(db: Queryable, rings: KeyRings): Promise<Readonly<Record<Product, DemoKeys>>> {
  await db.query('BEGIN', []);
  try {
    const accountId = await demoAccount(db, rings);
    const entries: [Product, DemoKeys][] = [];
    for (const product of PRODUCTS) {
      const operator = await issueKey(db, rings, {
        product,
        type: 'operator',
        accountId: null,
        scopes: [],
        by: 'operator',
      });
      const reseller = await issueKey(db, rings, {
        product,
        type: 'reseller',
        accountId,
        scopes: resellerScopes(product),
      });
      await note(
        db,
        [operator, reseller].map(({ record }) => keyAct(rings.clock, 'key.issue', null, record)),
      );
      entries.push([product, { operator: { key: operator.key }, reseller: { user_id: accountId, key: reseller.key } }]);
    }
    await db.query('COMMIT', []);
    return Object.fromEntries(entries) as Record<Product, DemoKeys>; // one entry for each of PRODUCTS
  } catch (err) {
    // The first error is reported. A lost connection is rolled back by the server.
    await db.query('ROLLBACK', []).catch(() => undefined);
    throw err;
  }
}

async function demoAccount(db: Queryable, { clock }: KeyRings): Promise<string> {
  await db.query(`SELECT pg_advisory_xact_lock(hashtextextended('lumi demo account', 0))`, []);
  const { rows } = await db.query('SELECT id FROM platform.account WHERE name = $1 ORDER BY created_at, id LIMIT 1', [
    ACCOUNT_NAME,
  ]);
  const found = rows[0] as { id: string } | undefined; // the column of the query
  if (found !== undefined) return found.id;
  const accountId = await createAccount(db, clock, ACCOUNT_NAME);
  await note(db, [
    { action: 'user.create', subject: accountId, accountId, before: null, after: { name: ACCOUNT_NAME } },
    {
      action: 'user.adjust',
      subject: accountId,
      accountId,
      before: null,
      after: { amount_usd: BALANCE_USD, reason: REASON },
    },
  ]);
  await db.query('SELECT platform.adjust($1, $2, $3::bigint, $4, NULL, NULL, NULL)', [
    newId('trf', clock.nowMs()),
    accountId,
    parseUsd(BALANCE_USD).toString(),
    REASON,
  ]);
  return accountId;
}

async function note(db: Queryable, acts: readonly Act[]): Promise<void> {
  const rows = acts.map(({ accountId, ...act }) => ({ ...act, account_id: accountId }));
  await db.query(`SELECT platform.audit_note(NULL, 'cli', NULL, NULL, NULL, $1::jsonb)`, [JSON.stringify(rows)]);
}
