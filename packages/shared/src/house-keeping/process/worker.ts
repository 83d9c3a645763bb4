// A worker process: loops that look for due work, and jobs that are woken for it. Truth is in Postgres; a loop that
// finds nothing costs one index look-up, and a lost job is staged again by the loop that owns its deadline.
import { counter, timer as timed, type Dependency } from '../../base/monitoring';
import { startJobHost, type JobDefinition, type JobHost } from '../../work/jobs';
import type { Service } from './service';

export interface Loop {
  readonly name: string;
  readonly everyMs: number;
  /** Returns true when there is more work now. Its work and time must be bounded. */
  run(): Promise<boolean>;
}

const rounds = counter('lumi_loop_rounds_total', 'Rounds of the loops of a worker.', ['product', 'loop', 'outcome']);
const times = timed('lumi_loop_round_seconds', 'How long the rounds took.', ['product', 'loop']);

const RELAY_EVERY_MS = 200;

export interface Work {
  /** What it cannot work without, beside the database. */
  readonly needs: readonly Dependency[];
  stop(): Promise<void>;
  /** As a killed process would leave it. For tests. */
  abandon(): Promise<void>;
}

/** The loops and jobs of a worker, without a process around them. */
export function startWork(service: Service, loops: readonly Loop[], jobs: readonly JobDefinition[] = []): Work {
  const host = jobs.length === 0 ? null : openJobs(service, jobs);
  const relay: Loop[] =
    host === null ? [] : [{ name: 'outbox-relay', everyMs: RELAY_EVERY_MS, run: () => host.relay() }];
  const running = [...loops, ...relay].map((loop) => startLoop(loop, service));
  const stopAll = async (end: Promise<void> | undefined): Promise<void> => {
    await Promise.all([end, ...running.map((loop) => loop.stop())]);
  };
  return {
    needs: host === null ? [] : [host.queue],
    stop: () => stopAll(host?.stop()),
    abandon: () => stopAll(host?.abandon()),
  };
}

function openJobs({ product, config, db, clock, log }: Service, jobs: readonly JobDefinition[]): JobHost {
  return startJobHost({
    product,
    jobs,
    db: db.platform,
    clock,
    log,
    // BullMQ on PostgreSQL waits for notifications.
    databaseUrl: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    redisUrl: config.REDIS_URL,
    redisPrefix: config.REDIS_PREFIX,
  });
}

export function startLoop(loop: Loop, { product, log }: Pick<Service, 'product' | 'log'>): { stop(): Promise<void> } {
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    let hasMore = false;
    const begin = performance.now();
    try {
      hasMore = await loop.run();
      rounds.of({ product, loop: loop.name, outcome: 'done' }).add();
    } catch (err) {
      rounds.of({ product, loop: loop.name, outcome: 'failed' }).add();
      log.error('a worker loop failed; it goes on with the next round', { loop: loop.name, err });
    }
    times.of({ product, loop: loop.name }).seconds((performance.now() - begin) / 1_000);
    if (!isStopping) timer = setTimeout(next, hasMore ? 0 : loop.everyMs);
  };
  const next = (): void => {
    current = round();
  };
  next();
  return {
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await current;
    },
  };
}
