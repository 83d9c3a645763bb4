// Which queue there is: BullMQ on PostgreSQL, or on Redis where REDIS_URL is set. The rest of the room knows only this
// interface.
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
import { openRedis, type Log, type RedisClient } from '../../ground/runtime';

export interface QueueOptions {
  /** No colon: the backends use it in their keys. */
  readonly name: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly log: Log;
}

export interface Producer {
  /** Rejects, within seconds, when the queue is away. */
  add(jobs: readonly { name: string; data: unknown; opts: JobsOptions }[]): Promise<void>;
  close(): Promise<void>;
}

export interface Consumer {
  /** Takes nothing new and resolves when running jobs are over. */
  close(): Promise<void>;
  /** Lets go of running jobs: another worker takes them once their lock is over. */
  abandon(): Promise<void>;
}

export type Processor = (job: Job, token: string | undefined) => Promise<void>;

const POOL_MAX = 3;
const CONNECT_TIMEOUT_MS = 5_000;
/** A hung queue must not hold up the relay: the staged rows wait in Postgres. */
const ADD_LIMIT_MS = 5_000;
/**
 * A dead worker's jobs are taken over after lock and check together. Work is fenced in Postgres, so being quick is
 * safe.
 */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** Crashes of a worker are no fault of the job. */
const STALLED_MAX = 1_000;
/**
 * After the store refused a connection; BullMQ's own 15 s would hold up every batch for as long after a restart of the
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
        : new Queue(options.name, { connection: asConnection(redis), prefix: hashTagged(options.redisPrefix) });
    opened.on('error', onError(options.log));
    return opened;
  };
  let queue = open();
  let isClosed = false;
  /** See `isUsable`. Of several callers that find it unusable one opens another; after `close` nobody does. */
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
    add: async (jobs) => {
      await within(
        ADD_LIMIT_MS,
        (await usable()).addBulk(
          jobs.map((job) => ({ ...job, opts: { ...job.opts, removeOnComplete: true, removeOnFail: FAILED_KEPT } })),
        ),
      );
    },
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
        ? new postgres.Worker(options.name, settings.process, { connection: postgresConnection(options), ...common })
        : new Worker(options.name, settings.process, {
            connection: asConnection(redis),
            prefix: hashTagged(options.redisPrefix),
            ...common,
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

/**
 * BullMQ on PostgreSQL remembers the failure of its first connection for as long as the object lives: every later call
 * fails at once, however well the database is by then. Such an object is thrown away and another one made.
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

function postgresConnection(options: QueueOptions) {
  return {
    connectionString: options.databaseUrl,
    schema: QUEUE_SCHEMA,
    max: POOL_MAX,
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
    work.catch(() => undefined); // whoever raced it has been told already
  }
}
