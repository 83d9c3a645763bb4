// The background part: a wake-up job that takes one step for one account and goes to the end of the queue, and a sweep
// that wakes forgotten accounts. There is one job per account: a customer with fifty batches waits as long for a turn
// as one with a single batch. Within the account, the batch that has waited longest has its turn.
import { z } from 'zod';
import { sql } from '../../base/db';
import type { Loop } from '../../house-keeping/process';
import { defineJob, done, type JobDefinition } from '../jobs';
import { advanceAccount, type BatchDeps, type BulkKinds } from './advance';
import { sweepBatches } from './batch-store';

const SWEEP_EVERY_MS = 1_000;
/** Every step touches the batch it works on. */
const SWEEP_IDLE_MS = 3_000;
const SWEEP_MAX = 100;

export function advanceBatchesJob(deps: BatchDeps, kinds: BulkKinds): JobDefinition {
  return defineJob({
    name: 'advance-batches',
    payload: z.object({ account_id: z.string() }),
    attempts: 5,
    backoffMs: 500,
    timeoutMs: 60_000,
    run: async ({ account_id }, control) => {
      if (await advanceAccount(deps, kinds, account_id, control.signal))
        await control.wake('advance-batches', { account_id }, `lane-${account_id}`);
      return done;
    },
  });
}

export function sweepLoop(deps: BatchDeps): Loop {
  return {
    name: 'batch-sweeper',
    everyMs: SWEEP_EVERY_MS,
    due: () => sql`EXISTS (SELECT 1 FROM platform.batch WHERE product = ${deps.product} AND finished_at IS NULL)`,
    run: async () => (await sweepBatches(deps.db.platform, deps.product, SWEEP_IDLE_MS, SWEEP_MAX)) === SWEEP_MAX,
  };
}
