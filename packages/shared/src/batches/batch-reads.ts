// Reading batches and their items: one, or a page of a list.
import { joinSql, sql, type Sql, type SqlRunner } from '../db';
import type { Reach } from '../endpoint';
import type { ErrorDetail, Product } from '../contract';
import type { Batch, BatchItem, BatchItemState, BatchState } from './batch';

export async function findBatch(db: SqlRunner, reach: Reach, product: Product, id: string): Promise<Batch | null> {
  const [batch] = await readBatches(db, [sql`b.id = ${id}`, ...within(reach, product)], 1);
  return batch ?? null;
}

/** Newest first, one more than the limit. */
export async function listBatches(
  db: SqlRunner,
  reach: Reach,
  product: Product,
  filter: { state?: BatchState | undefined; kind?: string | undefined },
  page: { limit: number; beforeSeq: string | null },
): Promise<Batch[]> {
  return readBatches(
    db,
    [
      ...within(reach, product),
      ...(filter.state === undefined ? [] : [sql`b.state = ${filter.state}`]),
      ...(filter.kind === undefined ? [] : [sql`b.kind = ${filter.kind}`]),
      ...(page.beforeSeq === null ? [] : [sql`b.seq < ${page.beforeSeq}::bigint`]),
    ],
    page.limit + 1,
  );
}

/** In their order, one more than the limit. */
export async function listItems(
  db: SqlRunner,
  batchId: string,
  filter: { states?: readonly BatchItemState[] | undefined },
  page: { limit: number; afterItem: number },
): Promise<BatchItem[]> {
  const rows = await db.$queryRaw<ItemRow[]>(sql`
    SELECT item, ref, state, order_id, result, error_code, error_text, error_details FROM platform.batch_item
    WHERE batch_id = ${batchId} AND item > ${page.afterItem}::int
      ${
        filter.states === undefined
          ? sql``
          : sql`AND state
      = ANY (${[...filter.states]}::text[])`
      }
    ORDER BY item LIMIT ${page.limit + 1}::int`);
  return rows.map((row) => ({
    item: row.item,
    ref: row.ref,
    state: row.state,
    orderId: row.order_id,
    result: row.result,
    error:
      row.error_code === null ? null : { code: row.error_code, text: row.error_text ?? '', details: row.error_details },
  }));
}

async function readBatches(db: SqlRunner, conditions: readonly Sql[], limit: number): Promise<Batch[]> {
  const rows = await db.$queryRaw<BatchRow[]>(sql`
    SELECT b.*, coalesce(b.ok, open.ok) AS ok_now, coalesce(b.failed, open.failed) AS failed_now
    FROM (SELECT b.* FROM platform.batch b WHERE ${joinSql([...conditions], ' AND ')} ORDER BY b.seq DESC
      LIMIT ${limit}::int) b
    LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE i.state = 'ok')::int AS ok,
      count(*) FILTER (WHERE i.state = 'failed')::int AS failed
                       FROM platform.batch_item i WHERE i.batch_id = b.id AND b.finished_at IS NULL) open ON true
    ORDER BY b.seq DESC`);
  return rows.map((row) => ({
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    kind: row.kind,
    form: row.form,
    state: row.state,
    total: row.total,
    ok: row.ok_now,
    failed: row.failed_now,
    onError: row.on_error,
    maxTotal: row.max_total,
    keyId: row.key_id,
    lineageId: row.lineage_id,
    isOperator: row.is_operator,
    idemScope: row.idem_scope,
    idemKey: row.idem_key,
    requestId: row.request_id,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }));
}

function within(reach: Reach, product: Product): Sql[] {
  return [sql`b.product = ${product}`, ...(reach.kind === 'account' ? [sql`b.account_id = ${reach.accountId}`] : [])];
}

interface BatchRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly product: string;
  readonly kind: string;
  readonly form: 'inline' | 'queued';
  readonly state: BatchState;
  readonly total: number;
  readonly ok_now: number;
  readonly failed_now: number;
  readonly on_error: 'continue' | 'stop';
  readonly max_total: bigint | null;
  readonly key_id: string;
  readonly lineage_id: string;
  readonly is_operator: boolean;
  readonly idem_scope: string;
  readonly idem_key: string;
  readonly request_id: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

interface ItemRow {
  readonly item: number;
  readonly ref: string;
  readonly state: BatchItemState;
  readonly order_id: string | null;
  readonly result: string | null;
  readonly error_code: string | null;
  readonly error_text: string | null;
  readonly error_details: readonly ErrorDetail[] | null;
}
