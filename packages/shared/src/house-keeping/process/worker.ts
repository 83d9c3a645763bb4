// A worker process: loops that look for due work, and jobs that are woken for it. Truth is in Postgres; a lost job is
// staged again by the loop that owns its deadline. Loops that say when they are due are asked for together, in one
// statement (agenda.ts), so a worker that has nothing to do costs little.
import { sql, type Sql } from '../../base/db';
import { counter, timer as timed, type Dependency } from '../../base/monitoring';
import { startJobHost, type JobDefinition, type JobHost } from '../../work/jobs';
import { agendaOf } from './agenda';
import type { Service } from './service';

export interface Loop {
  readonly name: string;
  /** The pause after a round; of a loop with `due`, the shortest one. */
  readonly everyMs: number;
  /**
   * A condition of one index look-up that is true when there is work. With it, the loop runs only when the condition
   * holds, and every five minutes in any case. It is asked several times a second, so it must read a row or two of an
   * index.
   */
  readonly due?: () => Sql;
  /** Returns true when there is more work now. Its work and time must be bounded. */
  run(): Promise<boolean>;
  /** At a stop, after the last round: waits for what a round has begun, for a bounded time. */
  drain?(): Promise<void>;
}

const rounds = counter('lumi_loop_rounds_total', 'Rounds of the loops of a worker.', ['product', 'loop', 'outcome']);
const times = timed('lumi_loop_round_seconds', 'How long the rounds took.', ['product', 'loop']);

const RELAY_EVERY_MS = 200;
/** A round of a loop that is not due: should its condition ever miss something, the work is only late. */
const REST_MS = 300_000;

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
  const all = host === null ? loops : [...loops, relayLoop(service, host)];
  const running = all.map((loop) => startLoop(loop, service));
  const agenda = startLoop(
    agendaOf(
      service.db.direct,
      running.flatMap(({ loop, wake }) => (loop.due === undefined ? [] : [{ due: loop.due, wake }])),
    ),
    service,
  );
  const stopAll = async (end: Promise<void> | undefined): Promise<void> => {
    await Promise.all([end, ...[agenda, ...running].map((loop) => loop.stop())]);
  };
  const drain = (): Promise<unknown> => Promise.all(loops.map(async (loop) => loop.drain?.()));
  return {
    needs: host === null ? [] : [host.queue],
    stop: async () => {
      await stopAll(host?.stop());
      await drain();
    },
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

function relayLoop({ product }: Service, host: JobHost): Loop {
  return {
    name: 'outbox-relay',
    everyMs: RELAY_EVERY_MS,
    due: () => sql`EXISTS (SELECT 1 FROM platform.outbox
      WHERE product = ${product} AND (taken_until IS NULL OR taken_until < now()))`,
    run: () => host.relay(),
  };
}

interface RunningLoop {
  readonly loop: Loop;
  /** Runs the next round as soon as its pause is over; after the present one, if one is running. */
  wake(): void;
  stop(): Promise<void>;
}

export function startLoop(loop: Loop, { product, log }: Pick<Service, 'product' | 'log'>): RunningLoop {
  let isStopping = false;
  let isWoken = false;
  let timer: NodeJS.Timeout | undefined;
  let pauseEndsAt = 0;
  let current: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    let hasMore = false;
    isWoken = false;
    timer = undefined;
    const begin = performance.now();
    try {
      hasMore = await loop.run();
      rounds.of({ product, loop: loop.name, outcome: 'done' }).add();
    } catch (err) {
      rounds.of({ product, loop: loop.name, outcome: 'failed' }).add();
      log.error('a worker loop failed; it goes on with the next round', { loop: loop.name, err });
    }
    const end = performance.now();
    times.of({ product, loop: loop.name }).seconds((end - begin) / 1_000);
    pauseEndsAt = end + loop.everyMs;
    if (hasMore) schedule(0);
    else schedule(loop.due === undefined || isWoken ? loop.everyMs : REST_MS);
  };
  const schedule = (ms: number): void => {
    clearTimeout(timer);
    if (!isStopping) timer = setTimeout(next, ms);
  };
  const next = (): void => {
    current = round();
  };
  next();
  return {
    loop,
    wake: () => {
      const isRunning = timer === undefined;
      const wasWoken = isWoken;
      isWoken = true;
      if (!isRunning && !wasWoken) schedule(Math.max(0, pauseEndsAt - performance.now()));
    },
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await current;
    },
  };
}
