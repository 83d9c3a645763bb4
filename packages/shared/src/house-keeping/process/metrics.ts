// Metrics for monitoring: stuck and waiting work. Counts only, without accounts.
// Raw SQL: counts of seven tables in one round trip.
import type { Product } from '../../ground/contract';
import { sql, type Database } from '../../base/db';
import { metricsText } from '../../ground/runtime';

interface Counts {
  readonly stuck: number;
  readonly open: number;
  readonly overdue: number;
  readonly stuck_operations: number;
  readonly batches: number;
  readonly items: number;
  readonly outbox: number;
  readonly outbox_age: number;
  readonly breaches: number;
  readonly rounds_late: number;
}

export async function serviceMetrics({
  product,
  db,
}: {
  readonly product: Product;
  readonly db: Database;
}): Promise<string> {
  const [counts] = await db.platform.$queryRaw<Counts[]>(sql`
    SELECT o.*, op.*, b.*, i.*, x.*, r.* FROM
      (SELECT count(*) FILTER (WHERE stuck_since IS NOT NULL)::int AS stuck, count(*)::int AS open,
        count(*) FILTER (WHERE wake_at < now() - interval '30 seconds')::int AS overdue
       FROM platform.orders WHERE product = ${product} AND state IN ('acting', 'pending')) o,
      (SELECT count(*)::int AS stuck_operations FROM platform.operation WHERE product = ${product} AND state = 'running'
        AND stuck_since IS NOT NULL) op,
      (SELECT count(*)::int AS batches FROM platform.batch WHERE product = ${product} AND finished_at IS NULL) b,
      (SELECT count(*)::int AS items FROM platform.batch b JOIN platform.batch_item i ON i.batch_id = b.id
        WHERE b.product = ${product} AND b.finished_at IS NULL AND i.state IN ('waiting', 'running', 'pending')) i,
      (SELECT count(*)::int AS outbox, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS outbox_age
        FROM platform.outbox WHERE product = ${product}) x,
      (SELECT (SELECT count(*)::int FROM platform.breach WHERE cleared_at IS NULL
        AND scope IN ('books', ${product}, ${`deposits-${product}`})) AS breaches,
              (SELECT count(*)::int FROM platform.reconciliation WHERE next_at < now() - interval '5 minutes'
                AND scope IN ('books', ${product}, ${`deposits-${product}`})) AS rounds_late) r`);
  const { pool } = db;
  return metricsText(
    [
      {
        name: 'lumi_orders_stuck',
        help: 'Purchases that wait for an operator; their money is held.',
        value: counts?.stuck ?? 0,
      },
      { name: 'lumi_orders_open', help: 'Purchases not finished.', value: counts?.open ?? 0 },
      {
        name: 'lumi_orders_overdue',
        help: 'Purchases whose recovery is late by 30 seconds or more: is a worker running?',
        value: counts?.overdue ?? 0,
      },
      {
        name: 'lumi_operations_stuck',
        help: 'Operations that wait for an operator.',
        value: counts?.stuck_operations ?? 0,
      },
      { name: 'lumi_batches_open', help: 'Batches not finished.', value: counts?.batches ?? 0 },
      { name: 'lumi_batch_items_open', help: 'Items of batches without a result.', value: counts?.items ?? 0 },
      { name: 'lumi_outbox_jobs', help: 'Jobs not yet handed to the queue.', value: counts?.outbox ?? 0 },
      {
        name: 'lumi_outbox_oldest_seconds',
        help: 'Age of the oldest of them: is the queue away?',
        value: Math.round(counts?.outbox_age ?? 0),
      },
      {
        name: 'lumi_reconciliation_breaches',
        help:
          'Contradictions in the books, in deposits or between orders and the supplier that stand: see GET ' +
          '/admin/reconciliation.',
        value: counts?.breaches ?? 0,
      },
      {
        name: 'lumi_reconciliation_late',
        help: 'Parts whose reconciliation is late by five minutes or more: is a worker running?',
        value: counts?.rounds_late ?? 0,
      },
      { name: 'lumi_database_connections', help: 'Connections of this process.', value: pool.totalCount },
      {
        name: 'lumi_database_waiting',
        help: 'Requests of this process that wait for a connection.',
        value: pool.waitingCount,
      },
      { name: 'lumi_memory_bytes', help: 'Resident memory of this process.', value: process.memoryUsage.rss() },
    ],
    { product },
  );
}
