// Gauges of open, late and stuck work of a product, read from the database by its service at each scrape. Counts only,
// without accounts. Every instance of a service shows the same numbers.
// Raw SQL: counts of seven tables in one round trip.
import type { Product } from '../../ground/contract';
import { formatUsd } from '../../ground/money';
import { sql, type Database } from '../../base/db';
import { gauge, type Readings } from '../../base/monitoring';

interface Counts {
  readonly young: number;
  readonly minutes: number;
  readonly tens: number;
  readonly old: number;
  readonly held: bigint | null;
  readonly stuck: number;
  readonly overdue: number;
  readonly operations: number;
  readonly stuck_operations: number;
  readonly batches: number;
  readonly items: number;
  readonly outbox: number;
  readonly outbox_age: number;
  readonly breaches: number;
  readonly rounds_late: number;
}

const holds = gauge('lumi_holds_open', 'Purchases whose money is held, by the age of the hold.', ['product', 'age']);
const held = gauge('lumi_holds_open_usd', 'The money that is held for them.', ['product']);
const work = {
  stuck: gauge('lumi_orders_stuck', 'Purchases that wait for an operator; their money is held.', ['product']),
  overdue: gauge('lumi_orders_overdue', 'Purchases whose recovery is late by 30 seconds or more.', ['product']),
  operations: gauge('lumi_operations_open', 'Operations at the supplier that have not ended.', ['product']),
  stuck_operations: gauge('lumi_operations_stuck', 'Operations that wait for an operator.', ['product']),
  batches: gauge('lumi_batches_open', 'Batches that have not ended.', ['product']),
  items: gauge('lumi_batch_items_open', 'Items of batches without a result.', ['product']),
  outbox: gauge('lumi_outbox_jobs', 'Jobs not yet handed to the queue.', ['product']),
  outbox_age: gauge('lumi_outbox_oldest_seconds', 'The age of the oldest of them: the lag of the outbox.', ['product']),
  breaches: gauge('lumi_reconciliation_breaches', 'Contradictions found by the reconciliation that stand.', [
    'product',
  ]),
  rounds_late: gauge('lumi_reconciliation_late', 'Parts whose reconciliation is late by five minutes or more.', [
    'product',
  ]),
} as const;

/** All gauges of one scrape share a reading. */
const SHARED_MS = 1_000;

/** Returns what ends it. */
export function watchWork({ product, db }: { readonly product: Product; readonly db: Database }): () => void {
  let last: { readonly atMs: number; readonly counts: Promise<Counts> } | null = null;
  const read = (): Promise<Counts> => {
    const now = performance.now();
    if (last === null || now - last.atMs >= SHARED_MS) last = { atMs: now, counts: readCounts(product, db) };
    return last.counts;
  };
  const one = (value: number): Readings<'product'> => [[{ product }, value]];
  const ends = [
    holds.watch(async () => {
      const { young, minutes, tens, old } = await read();
      return [
        [{ product, age: 'under_1m' }, young],
        [{ product, age: '1m_to_10m' }, minutes],
        [{ product, age: '10m_to_1h' }, tens],
        [{ product, age: 'over_1h' }, old],
      ];
    }),
    held.watch(async () => one(Number(formatUsd((await read()).held ?? 0n)))),
    ...Object.entries(work).map(([name, meter]) =>
      meter.watch(async () => one((await read())[name as keyof typeof work])),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}

async function readCounts(product: Product, db: Database): Promise<Counts> {
  // Not through Prisma, which would wait for a dead connection for ever.
  const [counts] = await db.direct.$queryRaw<Counts[]>(sql`
    SELECT o.*, op.*, b.*, i.*, x.*, r.* FROM
      (SELECT count(*) FILTER (WHERE created_at > now() - interval '1 minute')::int AS young,
        count(*) FILTER (WHERE created_at <= now() - interval '1 minute'
          AND created_at > now() - interval '10 minutes')::int AS minutes,
        count(*) FILTER (WHERE created_at <= now() - interval '10 minutes'
          AND created_at > now() - interval '1 hour')::int AS tens,
        count(*) FILTER (WHERE created_at <= now() - interval '1 hour')::int AS old,
        sum(price)::bigint AS held,
        count(*) FILTER (WHERE stuck_since IS NOT NULL)::int AS stuck,
        count(*) FILTER (WHERE wake_at < now() - interval '30 seconds')::int AS overdue
       FROM platform.orders WHERE product = ${product} AND state IN ('acting', 'pending')) o,
      (SELECT count(*)::int AS operations, count(*) FILTER (WHERE stuck_since IS NOT NULL)::int AS stuck_operations
       FROM platform.operation WHERE product = ${product} AND state = 'running') op,
      (SELECT count(*)::int AS batches FROM platform.batch WHERE product = ${product} AND finished_at IS NULL) b,
      (SELECT count(*)::int AS items FROM platform.batch b JOIN platform.batch_item i ON i.batch_id = b.id
        WHERE b.product = ${product} AND b.finished_at IS NULL AND i.state IN ('waiting', 'running', 'pending')) i,
      (SELECT count(*)::int AS outbox, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS outbox_age
        FROM platform.outbox WHERE product = ${product}) x,
      (SELECT (SELECT count(*)::int FROM platform.breach WHERE cleared_at IS NULL
        AND scope IN ('books', ${product}, ${`deposits-${product}`})) AS breaches,
              (SELECT count(*)::int FROM platform.reconciliation WHERE next_at < now() - interval '5 minutes'
                AND scope IN ('books', ${product}, ${`deposits-${product}`})) AS rounds_late) r`);
  if (counts === undefined) throw new Error('a count returned no row');
  return counts;
}
