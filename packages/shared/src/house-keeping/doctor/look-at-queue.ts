// The queue: what waits between the database and the workers, in the outbox and in the queue itself.
import { Queue } from 'bullmq';
import { queueNameOf } from '../../base/db';
import type { Product } from '../../ground/contract';
import { queueConnection, type QueueStore } from '../../work/jobs';
import type { DatabaseLook } from './look-at-database';
import { fail, ok, span, warn, type Finding } from './finding';

interface State {
  readonly product: Product;
  readonly outbox: number;
  readonly outbox_age_s: number;
  readonly waiting: number;
  readonly waiting_age_s: number;
  readonly active: number;
  readonly stalled: number;
  readonly failed: number;
}

const LATE_S = 60;
const VERY_LATE_S = 600;

/** One line for each product. */
export async function lookAtQueue(
  { db, clock, isStopped }: DatabaseLook,
  redis: QueueStore | null,
): Promise<readonly Finding[]> {
  const nowMs = clock.nowMs();
  await redis?.redis.ping(); // The queue would wait for it for ever.
  const { rows } = await db.query<State>('SELECT * FROM platform.queue_state()');
  const states = redis === null ? rows : await Promise.all(rows.map((row) => onRedis(row, redis, nowMs)));
  return states.map((state) => {
    const found = judge(state, redis === null ? 'PostgreSQL' : 'Redis');
    return isStopped ? ok(`${found.what}; Lumi is not running`) : found;
  });
}

function judge(state: State, where: string): Finding {
  const { product, outbox, outbox_age_s: staged, waiting, waiting_age_s: waited, active, stalled, failed } = state;
  const what =
    `queue: ${product} on ${where}: ${String(waiting)} waiting` +
    `${waiting > 0 ? ` (the oldest ${span(waited)})` : ''}, ${String(active)} running, ${String(stalled)} stalled, ` +
    `${String(failed)} failed, ${String(outbox)} in the outbox${outbox > 0 ? ` (the oldest ${span(staged)})` : ''}`;
  if (staged > LATE_S)
    return fail(what, `jobs do not reach the queue: is the ${product} worker running, and does it reach ${where}?`);
  if (waited > VERY_LATE_S) return fail(what, `nobody takes the jobs: start the ${product} worker, or more of them`);
  if (waited > LATE_S) return warn(what, `jobs wait long: start more ${product} workers`);
  if (stalled > 0) return warn(what, `a ${product} worker died at its work; another one takes over within 15 s`);
  return ok(what);
}

async function onRedis(state: State, store: QueueStore, nowMs: number): Promise<State> {
  const queue = new Queue(queueNameOf(state.product), { ...queueConnection(store), skipVersionCheck: true });
  queue.on('error', () => undefined); // The call in flight reports it.
  try {
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'failed');
    const [oldest] = await queue.getJobs(['waiting'], 0, 0, true);
    const running = await queue.getJobs(['active'], 0, 99, true);
    const locks = await Promise.all(
      running.map(
        async (job) => isFresh(job, nowMs) || (await store.redis.exists(`${queue.toKey(job.id ?? '')}:lock`)) === 1,
      ),
    );
    return {
      ...state,
      waiting: (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0),
      waiting_age_s: oldest === undefined ? 0 : (nowMs - oldest.timestamp) / 1_000,
      active: counts['active'] ?? 0,
      stalled: locks.filter((isHeld) => !isHeld).length,
      failed: counts['failed'] ?? 0,
    };
  } finally {
    await queue.close();
  }
}

/** A worker that has just taken a job. */
function isFresh(job: { processedOn?: number | undefined }, nowMs: number): boolean {
  return nowMs - (job.processedOn ?? nowMs) < 15_000;
}
