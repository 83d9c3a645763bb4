// The background side: a wake-up job that takes one step for one account and goes to the back of the queue, and the
// sweeper that wakes whoever was forgotten. One lane per account: a customer with fifty batches waits as long for a
// turn as one with a single batch, and within the account the batch that waited longest has its turn.
import { z } from 'zod';
import { defineJob, done, type JobDefinition } from '../jobs';
import { advanceAccount, type BatchDeps, type BulkKinds } from './advance';
import { sweepBatches } from './batch-store';

const SWEEP_EVERY_MS = 1_000;
/** A batch at work is touched by every step. */
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

export function sweepLoop(deps: BatchDeps): { name: string; everyMs: number; run(): Promise<boolean> } {
  return {
    name: 'batch-sweeper',
    everyMs: SWEEP_EVERY_MS,
    run: async () => (await sweepBatches(deps.db.platform, deps.product, SWEEP_IDLE_MS, SWEEP_MAX)) === SWEEP_MAX,
  };
}
