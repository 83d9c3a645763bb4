// Transactions as CSV.
import { csvOf } from '../listing';
import type { TransactionView } from './transaction-view';

const COLUMNS = [
  'id',
  'created_at',
  'type',
  'amount_usd',
  'balance_after_usd',
  'product',
  'description',
  'order_id',
  'deposit_id',
  'key_id',
  'idempotency_key',
  'user_id',
] as const;
/** We write it in a fixed form; an amount must stay a number, with its minus sign. */
const AMOUNTS: ReadonlySet<string> = new Set(['amount_usd', 'balance_after_usd']);

export function transactionsCsv(transactions: readonly TransactionView[]): string {
  return csvOf(
    COLUMNS,
    transactions.map((transaction) =>
      COLUMNS.map((column) =>
        AMOUNTS.has(column) ? { number: transaction[column] ?? '' } : (transaction[column] ?? ''),
      ),
    ),
  );
}
