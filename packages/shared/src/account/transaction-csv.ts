// Transactions as CSV (RFC 4180). Spreadsheets run cells that begin like a formula, so such text gets an apostrophe in front.
import type { TransactionView } from './transaction-view';

const COLUMNS = ['id', 'created_at', 'type', 'amount_usd', 'balance_after_usd', 'product', 'description', 'order_id', 'deposit_id', 'key_id', 'idempotency_key', 'user_id'] as const;
/** Written by us in a fixed form; an amount must stay a number, minus sign included. */
const AMOUNTS: ReadonlySet<string> = new Set(['amount_usd', 'balance_after_usd']);

export function transactionsCsv(transactions: readonly TransactionView[]): string {
  const lines = transactions.map((transaction) => COLUMNS.map((column) => (AMOUNTS.has(column) ? (transaction[column] ?? '') : cell(transaction[column] ?? ''))).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function cell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
