// The queue: BullMQ on PostgreSQL, or on Redis when REDIS_URL is set. The rest of the room uses only this interface.
import { setTimeout } from 'node:timers/promises';
import {
  createPostgresBackend,
  Queue,
  Worker,
  withBackend,
  type ConnectionOptions,
  type Job,
  type JobsOptions,
} from 'bullmq';
import { QUEUE_SCHEMA } from '../../base/db';
import { asPart } from '../../base/tracing';
import { openRedis, type Log, type RedisClient } from '../../ground/runtime';

export interface QueueOptions {
  /** Without a colon, because the backends use colons in their keys. */
  readonly name: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly log: Log;
}

export interface Producer {
  /** Rejects, within seconds, when the queue is down. */
  add(jobs: readonly { name: string; data: unknown; opts: JobsOptions }[]): Promise<void>;
  /** The jobs of the whole queue by their state. Rejects, within seconds, when the queue is down. */
  counts(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export interface Consumer {
  /** Takes no new job and resolves when the running jobs are over. */
  close(): Promise<void>;
  /** Abandons running jobs: another worker takes them when their lock ends. */
  abandon(): Promise<void>;
}

export type Processor = (job: Job, token: string | undefined) => Promise<void>;

const POOL_MAX = 3;
/** Longer than a worker without jobs is silent: a new connection costs more than a minute of waiting. */
const IDLE_CONNECTION_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A hanging queue must not block the relay: the staged rows wait in Postgres. */
const ADD_LIMIT_MS = 5_000;
/** For monitoring, which asks again soon. */
const COUNT_LIMIT_MS = 2_000;
const COUNTED = ['waiting', 'active', 'delayed', 'failed'] as const;
/**
 * Another worker takes over a dead worker's jobs after lock time and check interval together. Work is fenced in
 * Postgres, so short times are safe.
 */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** A worker's crash is not the job's fault. */
const STALLED_MAX = 1_000;
/**
 * A worker without jobs looks again after this time, should a notification be lost. PostgreSQL notifies it of each job
 * at once, also of a delayed one, and a dead connection is noticed within 20 s; looking costs four statements.
 */
const LOOK_AGAIN_S = { redis: 5, postgres: 20 };
/**
 * After the store refused a connection. BullMQ's own 15 s would delay every batch by as much after a restart of the
 * store.
 */
const RETRY_AFTER_MS = 1_000;
/** After a first connection that failed. */
const REOPEN_AFTER_MS = 1_000;
const FAILED_KEPT = { count: 1_000, age: 7 * 24 * 3_600 };

const postgres = withBackend(createPostgresBackend);

export function openProducer(options: QueueOptions): Producer {
  const redis =
    options.redisUrl === undefined ? null : connect(options.redisUrl, options.log, { enableOfflineQueue: false });
  const open = () => {
    const opened =
      redis === null
        ? new postgres.Queue(options.name, { connection: postgresConnection(options) })
        : new Queue(options.name, queueConnection({ redis, prefix: options.redisPrefix }));
    opened.on('error', onError(options.log));
    return opened;
  };
  let queue = open();
  let isClosed = false;
  /** See `isUsable`. When several callers find it unusable, one opens a new one; after `close` none does. */
  const usable = async (): Promise<typeof queue> => {
    const tried = queue;
    const isGood = redis !== null || (await isUsable(tried));
    if (isClosed) throw new Error('the job queue is closed');
    if (isGood) return tried;
    if (queue === tried) {
      void tried.close().catch(() => undefined); // it was never open
      queue = open();
    }
    return queue;
  };
  return {
    add: (jobs) =>
      asPart('queue jobs', 'producer', { 'lumi.queue': options.name, 'lumi.jobs': jobs.length }, async (span) => {
        const common = {
          removeOnComplete: true,
          removeOnFail: FAILED_KEPT,
          // For the worker that runs them; see spanOf.
          ...(span === null ? {} : { telemetry: { metadata: span.traceparent } }),
        };
        const queued = jobs.map((job) => ({ ...job, opts: { ...job.opts, ...common } }));
        await within(ADD_LIMIT_MS, (await usable()).addBulk(queued));
      }),
    counts: async () => within(COUNT_LIMIT_MS, (await usable()).getJobCounts(...COUNTED)),
    close: async () => {
      isClosed = true;
      await queue.close();
      redis?.disconnect();
    },
  };
}

export function openConsumer(
  options: QueueOptions,
  settings: { readonly concurrency: number; readonly process: Processor },
): Consumer {
  const redis = options.redisUrl === undefined ? null : connect(options.redisUrl, options.log, {});
  const common = {
    concurrency: settings.concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: STALLED_MAX,
    runRetryDelay: RETRY_AFTER_MS,
    autorun: false,
  };
  const open = () => {
    const opened =
      redis === null
        ? new postgres.Worker(options.name, settings.process, {
            connection: postgresConnection(options),
            ...common,
            drainDelay: LOOK_AGAIN_S.postgres,
          })
        : new Worker(options.name, settings.process, {
            ...queueConnection({ redis, prefix: options.redisPrefix }),
            ...common,
            drainDelay: LOOK_AGAIN_S.redis,
          });
    opened.on('error', onError(options.log));
    return opened;
  };
  let worker = open();
  let isStarted = redis !== null;
  const closing = new AbortController();
  const start = async (): Promise<void> => {
    while (!isStarted && !closing.signal.aborted) {
      isStarted = await isUsable(worker);
      if (isStarted) break;
      void worker.close(true).catch(() => undefined); // it was never open
      // closed meanwhile
      await setTimeout(REOPEN_AFTER_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      if (!closing.signal.aborted) worker = open();
    }
    if (!closing.signal.aborted) await worker.run();
  };
  start().catch(onError(options.log));
  const close = async (force: boolean): Promise<void> => {
    closing.abort();
    await worker.close(force || !isStarted);
    redis?.disconnect();
  };
  return { close: () => close(false), abandon: () => close(true) };
}

/** The span in which the job came into the queue, if that was traced. */
export function spanOf({ opts }: Job): string | undefined {
  return opts.telemetry?.metadata;
}

/**
 * BullMQ on PostgreSQL keeps the failure of its first connection for the life of the object: every later call fails at
 * once, even when the database is up again. Such an object is discarded and a new one is made.
 */
async function isUsable(queue: { waitUntilReady(): Promise<unknown> }): Promise<boolean> {
  return queue.waitUntilReady().then(
    () => true,
    () => false,
  );
}

/** All keys of the queue on one node of a Redis Cluster. */
function hashTagged(prefix: string): string {
  return `{${prefix}-queue}`;
}

export interface QueueStore {
  readonly redis: RedisClient;
  readonly prefix: string;
}

/** The queue of a store on Redis, for code that only looks at it. */
export function queueConnection({ redis, prefix }: QueueStore): { connection: ConnectionOptions; prefix: string } {
  return { connection: asConnection(redis), prefix: hashTagged(prefix) };
}

function postgresConnection(options: QueueOptions) {
  return {
    connectionString: options.databaseUrl,
    schema: QUEUE_SCHEMA,
    max: POOL_MAX,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: options.name,
  };
}

function connect(url: string, log: Log, settings: { enableOfflineQueue?: boolean }): RedisClient {
  const redis = openRedis(url, { maxRetriesPerRequest: null, connectTimeout: CONNECT_TIMEOUT_MS, ...settings });
  redis.on('error', onError(log));
  return redis;
}

function asConnection(redis: RedisClient): ConnectionOptions {
  return redis as unknown as ConnectionOptions; // BullMQ's structural types lag behind ioredis 6
}

function onError(log: Log): (err: Error) => void {
  return (err) => log.warn('the job queue reports an error', { err });
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = globalThis.setTimeout(() => reject(new Error('the job queue did not answer in time')), limitMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // the caller that lost the race has its error already
  }
}
