// Passes staged jobs to the queue. It is idempotent: the job's id is that of its row. A row that is passed twice,
// because the relay died before it deleted the row, is still one job, or a harmless second run of it.
import type { Product } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import { resumed } from '../../base/tracing';
import type { JobDefinition } from './job';
import { deleteStaged, returnStaged, takeStaged, type OutboxRow } from './outbox';
import type { Producer } from './queue';

const ROUND = 100;
const LEASE_MS = 10_000;
/** Wait after a failure; otherwise every relay would call a queue that is down several times a second. */
const AGAIN_AFTER_MS = 1_000;
/** A sweep's wake-up must get through even when the queue wrongly reports that one is waiting. */
const SWEEP_ONCE_MS = 5_000;

export interface RelayDeps {
  readonly db: SqlRunner;
  readonly product: Product;
  readonly producer: Producer;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
}

/** One round; true when there may be more. Rejects when the queue is down; the rows are passed later. */
export async function relayStaged(deps: RelayDeps): Promise<boolean> {
  const { product } = deps;
  const rows = await takeStaged(deps.db, { product, limit: ROUND, leaseMs: LEASE_MS });
  if (rows.length === 0) return false;
  await resumed('relay jobs', null, { 'lumi.product': product, 'lumi.jobs': rows.length }, () => pass(deps, rows));
  return rows.length === ROUND;
}

async function pass(deps: RelayDeps, rows: readonly OutboxRow[]): Promise<void> {
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
    // If this fails too, the rows are due again when the lease ends.
    await returnStaged(deps.db, { product: deps.product, ids, afterMs: AGAIN_AFTER_MS }).catch(() => undefined);
    throw err;
  }
  await deleteStaged(deps.db, deps.product, ids);
}

/** Attempts and backoff are in the definitions. A name that this version does not know is passed too. */
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
