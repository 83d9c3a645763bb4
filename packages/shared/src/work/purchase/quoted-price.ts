// The quote's part of a purchase: finds the line that was quoted for it, and uses it in the statement that holds the
// money. Raw SQL: the money step; a line is chosen at random among the unused ones.
import { AppError } from '../../ground/contract';
import { fromStep, rider, sql, type Rider, type SqlRunner } from '../../base/db';
import type { Units } from '../../ground/money';
import type { Terms } from './terms';

/** The primary key of the uses: a line that another purchase has used meanwhile violates it. */
export const LINE_TAKEN = 'quote_use_once';

export interface QuotedLine {
  readonly quoteId: string;
  readonly line: number;
  readonly price: Units;
  /** As quoted: the same facts, and the prices of that time. */
  readonly terms: Terms;
}

interface Wanted {
  readonly quoteId: string;
  readonly accountId: string;
  readonly product: string;
  readonly kind: string;
  readonly terms: Terms;
  readonly now: Date;
}

/**
 * An unused line for exactly these facts; null when the quote has none (any more). Throws 404 for a quote of another
 * account.
 */
export async function findQuotedLine(db: SqlRunner, wanted: Wanted): Promise<QuotedLine | null> {
  // Equal lines are tried in random order, so that a bulk of them does not queue for the first one.
  const rows = await db.$queryRaw<{ line: number | null; price: bigint | null; terms: Terms | null }[]>(sql`
    SELECT l.line, l.price, l.terms FROM platform.quote q
    LEFT JOIN platform.quote_line l ON l.quote_id = q.id AND q.expires_at > ${wanted.now}::timestamptz
      AND l.kind = ${wanted.kind} AND l.terms -> 'facts' = ${JSON.stringify(wanted.terms.facts)}::jsonb
      AND NOT EXISTS (SELECT 1 FROM platform.quote_use u WHERE u.quote_id = l.quote_id AND u.line = l.line)
    WHERE q.id = ${wanted.quoteId} AND q.account_id = ${wanted.accountId} AND q.product = ${wanted.product}
      ORDER BY random() LIMIT 1`);
  const row = rows[0];
  if (row === undefined) throw new AppError('not_found');
  return row.line === null || row.price === null || row.terms === null
    ? null
    : { quoteId: wanted.quoteId, line: row.line, price: row.price, terms: row.terms };
}

/** A rider of the hold. */
export function useLine(line: QuotedLine, orderId: string): Rider<'begun'> {
  return rider`INSERT INTO platform.quote_use (quote_id, line, order_id, price)
    SELECT ${line.quoteId}, ${line.line}::int, ${orderId}, ${line.price}::bigint ${fromStep('begun')}`;
}
