// Stages a job: the transaction that makes the job necessary writes a row, so neither exists without the other. The
// relay passes the rows to the queue. A row that is passed twice is one job, because its id names the job.
// Raw SQL: it runs in the caller's transaction and calls functions.
import type { Product } from '../../ground/contract';
import { sql, type SqlRunner, type Tx } from '../../base/db';

export interface StagedJob {
  readonly product: Product;
  readonly name: string;
  readonly payload: Readonly<Record<string, string>>;
  /** While a job with this name waits in the queue, no second one is added. */
  readonly once?: string;
}

export async function stageJob(tx: Tx, job: StagedJob): Promise<void> {
  await tx.$executeRaw(
    sql`INSERT INTO platform.outbox (product, name, payload, once)
      VALUES (${job.product}, ${job.name}, ${JSON.stringify(job.payload)}::jsonb, ${job.once ?? null}::text)`,
  );
}

export interface OutboxRow {
  readonly id: bigint;
  readonly name: string;
  readonly payload: Readonly<Record<string, string>>;
  readonly once: string | null;
}

/** Leases rows for the queue. When a relay dies, its rows are due again after the lease. */
export async function takeStaged(
  db: SqlRunner,
  input: { product: Product; limit: number; leaseMs: number },
): Promise<OutboxRow[]> {
  const rows = await db.$queryRaw<OutboxRow[]>(
    sql`SELECT id, name, payload, once FROM platform.outbox_take(${input.product}, ${input.limit}::int,
      ${input.leaseMs}::int)`,
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export async function deleteStaged(db: SqlRunner, product: Product, ids: readonly bigint[]): Promise<void> {
  await db.$queryRaw(sql`SELECT platform.outbox_done(${product}, ${[...ids]}::bigint[])`);
}

/** Rows that the queue did not take are due again after this time, even when the lease is longer. */
export async function returnStaged(
  db: SqlRunner,
  input: { product: Product; ids: readonly bigint[]; afterMs: number },
): Promise<void> {
  await db.$queryRaw(
    sql`SELECT platform.outbox_return(${input.product}, ${[...input.ids]}::bigint[], ${input.afterMs}::int)`,
  );
}
