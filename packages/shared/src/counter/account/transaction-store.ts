// Reads of posted wallet lines, newest first. This file writes nothing.
// Raw SQL: every line joins its transfer, and the pages follow the lines.
import { sql, type SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';
import type { Units } from '../../ground/money';
import { whereAll } from '../listing';

export const TRANSACTION_TYPES = ['deposit', 'charge', 'refund', 'adjustment'] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

export interface Transaction {
  readonly seq: bigint;
  readonly id: string;
  readonly type: TransactionType;
  readonly accountId: string;
  /** Signed from the wallet's side. */
  readonly amount: Units;
  readonly balanceAfter: Units;
  readonly product: string | null;
  readonly orderId: string | null;
  readonly depositId: string | null;
  readonly keyId: string | null;
  readonly idempotencyKey: string | null;
  readonly description: string;
  readonly createdAt: Date;
}

export interface TransactionFilter {
  readonly type?: TransactionType | undefined;
  readonly orderId?: string | undefined;
  readonly from: Date | null;
  /** Not included. */
  readonly to: Date | null;
}

/** Reads one row more than `limit`. */
export async function listTransactions(
  db: SqlRunner,
  reach: Reach,
  filter: TransactionFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<Transaction[]> {
  const rows = await db.$queryRaw<TransactionRow[]>(sql`
    ${LINES} ${whereAll([
      reach.kind === 'account' ? sql`e.account_id = ${reach.accountId}` : sql`e.account_id IS NOT NULL`,
      filter.type === undefined ? null : sql`t.kind = ${filter.type}`,
      filter.orderId === undefined ? null : sql`t.order_id = ${filter.orderId}`,
      filter.from === null ? null : sql`e.created_at >= ${filter.from}::timestamptz`,
      filter.to === null ? null : sql`e.created_at < ${filter.to}::timestamptz`,
      page.beforeSeq === null ? null : sql`e.seq < ${page.beforeSeq}::bigint`,
    ])}
    ORDER BY e.seq DESC LIMIT ${page.limit + 1}::int`);
  return rows.map(transactionOfRow);
}

export async function findTransaction(db: SqlRunner, reach: Reach, id: string): Promise<Transaction | null> {
  const rows = await db.$queryRaw<TransactionRow[]>(sql`
    ${LINES} ${whereAll([
      sql`t.id =
      ${id}`,
      reach.kind === 'account'
        ? sql`e.account_id =
      ${reach.accountId}`
        : sql`e.account_id IS NOT NULL`,
    ])}`);
  return rows[0] === undefined ? null : transactionOfRow(rows[0]);
}

const LINES = sql`
  SELECT e.seq, t.id, t.kind, e.account_id, e.amount, e.balance_after, t.product, t.order_id, t.deposit_id, t.key_id,
    t.idempotency_key, t.description, e.created_at
  FROM platform.entry e JOIN platform.transfer t ON t.id = e.transfer_id`;

interface TransactionRow {
  readonly seq: bigint;
  readonly id: string;
  readonly kind: string;
  readonly account_id: string;
  readonly amount: bigint;
  readonly balance_after: bigint;
  readonly product: string | null;
  readonly order_id: string | null;
  readonly deposit_id: string | null;
  readonly key_id: string | null;
  readonly idempotency_key: string | null;
  readonly description: string;
  readonly created_at: Date;
}

function transactionOfRow(row: TransactionRow): Transaction {
  return {
    seq: row.seq,
    id: row.id,
    type: row.kind as TransactionType, // a check constraint of the table
    accountId: row.account_id,
    amount: row.amount,
    balanceAfter: row.balance_after,
    product: row.product,
    orderId: row.order_id,
    depositId: row.deposit_id,
    keyId: row.key_id,
    idempotencyKey: row.idempotency_key,
    description: row.description,
    createdAt: row.created_at,
  };
}
