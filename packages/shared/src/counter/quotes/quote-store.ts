// Quotes in the database. They are written once and never changed; the purchase engine uses their lines.
// Raw SQL: a quote is written and read together with its lines, in one statement; a function.
import { sql, type SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';
import type { Units } from '../../ground/money';
import type { Terms } from '../../work/purchase';

export interface QuoteLine {
  readonly ref: string;
  /** Null when there was no price. */
  readonly priced: { readonly kind: string; readonly terms: Terms; readonly price: Units } | null;
  readonly parts: readonly { readonly label: string; readonly amount: string }[];
  readonly problem: { readonly code: string; readonly text: string } | null;
  /** The order that used it. */
  readonly orderId: string | null;
}

export interface Quote {
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly operation: string;
  readonly keyId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lines: readonly QuoteLine[];
}

export async function insertQuote(db: SqlRunner, quote: Quote): Promise<void> {
  const lines = quote.lines.map(({ ref, priced, parts, problem }, line) => ({
    line,
    ref,
    kind: priced?.kind ?? null,
    terms: priced?.terms ?? null,
    price: priced?.price.toString() ?? null,
    parts,
    problem_code: problem?.code ?? null,
    problem_text: problem?.text ?? null,
  }));
  await db.$executeRaw(sql`
    WITH quote AS (
      INSERT INTO platform.quote (id, account_id, product, operation, key_id, created_at, expires_at)
      VALUES (${quote.id}, ${quote.accountId}, ${quote.product}, ${quote.operation}, ${quote.keyId},
        ${quote.createdAt}::timestamptz, ${quote.expiresAt}::timestamptz) RETURNING id)
    INSERT INTO platform.quote_line (quote_id, line, ref, kind, terms, price, parts, problem_code, problem_text)
    SELECT quote.id, l.line, l.ref, l.kind, l.terms, l.price, l.parts, l.problem_code, l.problem_text
    FROM quote, jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) AS l(line int, ref text, kind text, terms jsonb,
      price bigint, parts jsonb, problem_code text, problem_text text)`);
}

export async function findQuote(
  db: SqlRunner,
  whose: { reach: Reach; product: string },
  id: string,
): Promise<Quote | null> {
  const rows = await db.$queryRaw<QuoteRow[]>(sql`
    SELECT q.*, l.ref, l.kind, l.terms, l.price, l.parts, l.problem_code, l.problem_text, u.order_id
    FROM platform.quote q JOIN platform.quote_line l ON l.quote_id = q.id LEFT JOIN platform.quote_use u
      ON u.quote_id = l.quote_id AND u.line = l.line
    WHERE q.id = ${id} AND q.product = ${whose.product}
      ${
        whose.reach.kind === 'account'
          ? sql`AND q.account_id =
      ${whose.reach.accountId}`
          : sql``
      } ORDER BY l.line`);
  const first = rows[0];
  return first === undefined
    ? null
    : {
        id: first.id,
        accountId: first.account_id,
        product: first.product,
        operation: first.operation,
        keyId: first.key_id,
        createdAt: first.created_at,
        expiresAt: first.expires_at,
        lines: rows.map(lineOfRow),
      };
}

interface QuoteRow {
  readonly id: string;
  readonly account_id: string;
  readonly product: string;
  readonly operation: string;
  readonly key_id: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly ref: string;
  readonly kind: string | null;
  readonly terms: Terms | null;
  readonly price: bigint | null;
  readonly parts: { label: string; amount: string }[];
  readonly problem_code: string | null;
  readonly problem_text: string | null;
  readonly order_id: string | null;
}

function lineOfRow(row: QuoteRow): QuoteLine {
  return {
    ref: row.ref,
    parts: row.parts,
    orderId: row.order_id,
    priced:
      row.kind === null || row.terms === null || row.price === null
        ? null
        : { kind: row.kind, terms: row.terms, price: row.price },
    problem: row.problem_code === null ? null : { code: row.problem_code, text: row.problem_text ?? '' },
  };
}
