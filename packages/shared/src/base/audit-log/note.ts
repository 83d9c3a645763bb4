// Actions that lead to money become rows that cannot be changed, in the transaction of the action. There is no action
// without its row, and no row of an action that was rolled back. Secrets never appear in `before` and `after`.
// Raw SQL: a function, in the transaction of the act.
import type { Product } from '../../ground/contract';
import { inTransaction, sql, type Database, type Sql, type SqlRunner, type Tx } from '../db';

export interface Actor {
  /** Null: the command line, which acts for all products. */
  readonly product: Product | null;
  readonly kind: 'operator' | 'reseller' | 'cli';
  readonly keyId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface Act {
  /** `key.issue`, `auto_renew.switch_on` … */
  readonly action: string;
  /** The id of the object that was changed. */
  readonly subject: string;
  readonly accountId: string | null;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** Must run in the transaction of the actions. */
export async function noteActs(tx: SqlRunner, actor: Actor, acts: readonly Act[]): Promise<void> {
  await tx.$queryRaw(sql`SELECT ${noteSql(actor, acts)}`);
}

/** The call that records the actions, for the statement that makes the change. */
export function noteSql({ product, kind, keyId, address, requestId }: Actor, acts: readonly Act[]): Sql {
  const rows = acts.map(({ action, subject, accountId, before, after }) => ({
    action,
    subject,
    account_id: accountId,
    before,
    after,
  }));
  return sql`platform.audit_note(${product}::text, ${kind}, ${keyId}::text, ${address}::text, ${requestId}::text,
    ${JSON.stringify(rows)}::jsonb)`;
}

/** Makes the change and records it, together or not at all. */
export function noted<T>(
  db: Pick<Database, 'platform'>,
  actor: Actor,
  work: (tx: Tx) => Promise<T>,
  actsOf: (result: T) => readonly Act[],
): Promise<T> {
  return inTransaction(db, async (tx) => {
    const result = await work(tx);
    const acts = actsOf(result);
    if (acts.length > 0) await noteActs(tx, actor, acts);
    return result;
  });
}

export function autoRenewAct(subject: string, accountId: string, before: boolean): Act {
  return {
    action: 'auto_renew.switch_on',
    subject,
    accountId,
    before: { auto_renew: before },
    after: { auto_renew: true },
  };
}
