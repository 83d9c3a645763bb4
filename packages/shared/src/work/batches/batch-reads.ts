// Reads of batches and their items: one, or a page of a list.
import { given, joinSql, sql, type PlatformClient, type Sql, type SqlRunner } from '../../base/db';
import type { Reach } from '../../counter/endpoint';
import type { ErrorDetail, Product } from '../../ground/contract';
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
  db: Pick<PlatformClient, 'batchItem'>,
  batchId: string,
  { states }: { states?: readonly BatchItemState[] | undefined },
  page: { limit: number; afterItem: number },
): Promise<BatchItem[]> {
  const rows = await db.batchItem.findMany({
    where: {
      batch_id: batchId,
      item: { gt: page.afterItem },
      ...given({ state: states === undefined ? undefined : { in: [...states] } }),
    },
    orderBy: { item: 'asc' },
    take: page.limit + 1,
    select: {
      item: true,
      ref: true,
      state: true,
      order_id: true,
      result: true,
      error_code: true,
      error_text: true,
      error_details: true,
    },
  });
  return rows.map((row) => ({
    item: row.item,
    ref: row.ref,
    state: row.state as BatchItemState, // a check constraint of the table
    orderId: row.order_id,
    result: row.result,
    error:
      row.error_code === null
        ? null
        : { code: row.error_code, text: row.error_text ?? '', details: row.error_details as ErrorDetail[] | null },
  }));
}

async function readBatches(db: SqlRunner, conditions: readonly Sql[], limit: number): Promise<Batch[]> {
  // Raw SQL: what is counted of the items is joined to a page of batches.
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
