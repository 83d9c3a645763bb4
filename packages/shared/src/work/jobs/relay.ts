// Hands staged jobs to the queue. Idempotent: the job's id is that of its row, so a row handed over twice, because the
// relay died before it deleted it, is still one job, or a harmless second run of it.
import type { Product } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import type { JobDefinition } from './job';
import { deleteStaged, returnStaged, takeStaged } from './outbox';
import type { Producer } from './queue';

const ROUND = 100;
const LEASE_MS = 10_000;
/**
 * After a failed hand-over: not at once, or a queue that is away would be asked by every relay several times a second.
 */
const AGAIN_AFTER_MS = 1_000;
/** A sweeper's wake-up must get through even where the queue has lost its mind about what is waiting. */
const SWEEP_ONCE_MS = 5_000;

/** One round; true when there may be more. Rejects when the queue is away: the rows are handed over later. */
export async function relayStaged(deps: {
  db: SqlRunner;
  product: Product;
  producer: Producer;
  jobs: ReadonlyMap<string, JobDefinition>;
}): Promise<boolean> {
  const rows = await takeStaged(deps.db, { product: deps.product, limit: ROUND, leaseMs: LEASE_MS });
  if (rows.length === 0) return false;
  const ids = rows.map(({ id }) => id);
  try {
    await deps.producer.add(
      rows.map((row) => ({
        name: row.name,
        data: row.payload,
        opts: { jobId: `outbox-${row.id.toString()}`, ...optionsOf(deps.jobs.get(row.name), row.once) },
      })),
    );
  } catch (err) {
    // Where this fails too, the lease gives them back.
    await returnStaged(deps.db, { product: deps.product, ids, afterMs: AGAIN_AFTER_MS }).catch(() => undefined);
    throw err;
  }
  await deleteStaged(deps.db, deps.product, ids);
  return rows.length === ROUND;
}

/** Attempts and backoff stand in the catalogue; a name that this version does not know is handed over all the same. */
export function optionsOf(job: JobDefinition | undefined, once: string | null | undefined) {
  return {
    attempts: job?.attempts ?? 1,
    backoff: { type: 'exponential', delay: job?.backoffMs ?? 1_000 },
    ...(once === null || once === undefined
      ? {}
      : {
          deduplication: once.startsWith('sweep-')
            ? { id: once, ttl: SWEEP_ONCE_MS }
            : { id: once, keepLastIfActive: true },
        }),
  };
}
