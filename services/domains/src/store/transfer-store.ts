// Transfers are orders of the kind `domain_transfer`.
import { notFound } from '@lumi/shared/contract';
import { joinSql, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { orderOfRow, type JsonObject, type Order, type OrderRow } from '@lumi/shared/purchase';
import { TRANSFER_CANCELLED } from '../supplier/registrar';
import { within } from './reach';

export interface TransferRow {
  readonly seq: bigint;
  readonly order: Order<JsonObject>;
}

const STATE_SQL: Readonly<Record<string, Sql>> = {
  pending: sql`d.state IN ('acting', 'pending')`,
  completed: sql`d.state = 'captured'`,
  refused: sql`d.state = 'released' AND d.refusal_text IS DISTINCT FROM ${TRANSFER_CANCELLED}`,
  cancelled: sql`d.state = 'released' AND d.refusal_text = ${TRANSFER_CANCELLED}`,
};

export async function findTransfer(db: SqlRunner, reach: Reach, id: string): Promise<Order<JsonObject>> {
  const rows = await db.$queryRaw<OrderRow[]>(
    sql`SELECT d.* FROM platform.orders d WHERE d.id = ${id.replace(/^op_/, 'ord_')} AND d.product = 'domains'
      AND d.kind = 'domain_transfer' AND ${within(reach)}`,
  );
  const row = rows[0];
  if (row === undefined || !id.startsWith('op_')) throw notFound();
  return orderOfRow(row);
}

export async function listTransfers(
  db: SqlRunner,
  reach: Reach,
  options: { state: string | undefined; domain: string | undefined; limit: number; after: readonly string[] | null },
): Promise<TransferRow[]> {
  const conditions = [
    within(reach),
    sql`d.product = 'domains' AND d.kind = 'domain_transfer'`,
    ...(options.state === undefined ? [] : [STATE_SQL[options.state] ?? sql`FALSE`]),
    ...(options.domain === undefined ? [] : [sql`d.subject = ${options.domain}`]),
    ...(options.after?.[0] === undefined ? [] : [sql`d.seq < ${BigInt(options.after[0])}`]),
  ];
  const rows = await db.$queryRaw<(OrderRow & { readonly seq: bigint })[]>(
    sql`SELECT d.* FROM platform.orders d WHERE ${joinSql(conditions, ' AND ')} ORDER BY d.seq DESC
      LIMIT ${options.limit + 1}`,
  );
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row) }));
}
