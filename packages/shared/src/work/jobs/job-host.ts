// Runs the jobs of one service: takes them from the queue, limits their time, and reports their outcome to the queue.
// On stop it takes no new job, lets running steps end, and returns jobs that do not end.
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { Product } from '../../ground/contract';
import { queueNameOf, type SqlRunner } from '../../base/db';
import { counter, gauge, timer, type Dependency } from '../../base/monitoring';
import { follow, resumed } from '../../base/tracing';
import type { Clock, Log } from '../../ground/runtime';
import type { JobControl, JobDefinition, JobOutcome } from './job';
import { openConsumer, openProducer, spanOf, type Consumer, type Producer, type QueueOptions } from './queue';
import { optionsOf, relayStaged } from './relay';

const queued = gauge('lumi_queue_jobs', 'Jobs in the queue of a product that have not ended, by their state.', [
  'product',
  'state',
]);
const kept = gauge(
  'lumi_queue_failed_jobs',
  'Jobs that ended without success and are kept for a week to be looked at.',
  ['product'],
);
const outcomes = counter('lumi_jobs_total', 'Runs of jobs by their outcome.', ['product', 'kind', 'outcome']);
const times = timer('lumi_job_seconds', 'How long runs of jobs took.', ['product', 'kind']);

export interface JobHostOptions extends Omit<QueueOptions, 'name'> {
  readonly product: Product;
  readonly jobs: readonly JobDefinition[];
  readonly db: SqlRunner;
  readonly clock: Clock;
  /** Jobs at a time in this process. */
  readonly concurrency?: number;
}

export interface JobHost {
  /** The queue, as readiness asks for it. */
  readonly queue: Dependency;
  /** One round of passing staged jobs to the queue; true when there may be more. A loop calls it. */
  relay(): Promise<boolean>;
  stop(): Promise<void>;
  /** Ends as a killed process would: running jobs are neither finished nor returned. For tests. */
  abandon(): Promise<void>;
}

const CONCURRENCY = 4;
/** Below the shutdown's own limit. */
const STOP_LIMIT_MS = 20_000;
/** A job that does not end after its signal aborts is abandoned after this time. */
const GRACE_MS = 5_000;

export function startJobHost(options: JobHostOptions): JobHost {
  const jobs = new Map(options.jobs.map((job) => [job.name, job]));
  const queue = { ...options, name: queueNameOf(options.product) };
  const producer = openProducer(queue);
  const stopping = new AbortController();
  const consumer = openConsumer(queue, {
    concurrency: options.concurrency ?? CONCURRENCY,
    process: (job, token) => runJob({ options, jobs, producer, stopping: stopping.signal }, job, token),
  });
  let relaying: Promise<unknown> = Promise.resolve();
  const { product } = options;
  const ends = [
    queued.watch(async () => {
      const { failed: _failed, ...ahead } = await producer.counts();
      return Object.entries(ahead).map(([state, count]) => [{ product, state }, count]);
    }),
    kept.watch(async () => [[{ product }, (await producer.counts())['failed'] ?? 0]]),
  ];
  const unwatch = (): void => {
    for (const end of ends) end();
  };
  return {
    queue: { name: 'queue', isVital: true, check: () => producer.counts() },
    relay: async () => {
      if (stopping.signal.aborted) return false;
      const round = relayStaged({ db: options.db, product: options.product, producer, jobs });
      relaying = round.catch(() => undefined); // its caller gets the error
      return round;
    },
    stop: async () => {
      stopping.abort();
      unwatch();
      await Promise.all([stopConsumer(consumer, options.log), relaying]);
      await producer.close();
    },
    abandon: async () => {
      unwatch();
      await Promise.all([consumer.abandon(), producer.close()]);
    },
  };
}

const OUTCOMES = { done: 'done', retry: 'retry', giveUp: 'given_up', notYet: 'not_yet' } as const;

interface Running {
  readonly options: JobHostOptions;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  readonly producer: Producer;
  readonly stopping: AbortSignal;
}

async function runJob(
  { options, jobs, producer, stopping }: Running,
  job: Job,
  token: string | undefined,
): Promise<void> {
  const definition = jobs.get(job.name);
  if (definition === undefined) throw new UnrecoverableError(`no code knows the job ${job.name}`);
  const payload = definition.payload.safeParse(job.data);
  if (!payload.success) throw new UnrecoverableError(`the payload of ${job.name} is not one of its own`);
  const control: JobControl = {
    signal: AbortSignal.any([stopping, AbortSignal.timeout(definition.timeoutMs)]),
    wake: (name, data, once) => producer.add([{ name, data, opts: optionsOf(jobs.get(name), once) }]),
  };
  const begin = performance.now();
  const attributes = { 'lumi.product': options.product, 'lumi.job': definition.name };
  const outcome = await resumed(`job ${definition.name}`, null, attributes, () => {
    const addedIn = spanOf(job);
    if (addedIn !== undefined) follow(addedIn);
    return outcomeOf(definition, payload.data, control);
  });
  const labels = { product: options.product, kind: definition.name };
  times.of(labels).seconds((performance.now() - begin) / 1_000);
  outcomes.of({ ...labels, outcome: OUTCOMES[outcome.kind] }).add();
  switch (outcome.kind) {
    case 'done':
      return;
    case 'notYet':
      await job.moveToDelayed(options.clock.nowMs() + outcome.afterMs, token);
      throw new DelayedError();
    case 'giveUp':
      options.log.error('a job was given up', {
        job: job.name,
        payload: job.data,
        reason: outcome.reason,
        alert: true,
      });
      throw new UnrecoverableError(outcome.reason);
    case 'retry': {
      const isLast = job.attemptsMade + 1 >= definition.attempts;
      options.log[isLast ? 'error' : 'warn']('a job failed', {
        job: job.name,
        payload: job.data,
        attempt: job.attemptsMade + 1,
        is_last: isLast,
        err: outcome.cause,
      });
      throw outcome.cause instanceof Error ? outcome.cause : new Error('the job asked to be tried again');
    }
  }
}

async function outcomeOf(definition: JobDefinition, payload: unknown, control: JobControl): Promise<JobOutcome> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      definition.run(payload as never, control), // parsed by its own schema
      new Promise<JobOutcome>((resolve) => {
        timer = setTimeout(
          () => resolve({ kind: 'retry', cause: new Error(`${definition.name} did not end within its time`) }),
          definition.timeoutMs + GRACE_MS,
        );
      }),
    ]);
  } catch (cause) {
    return { kind: 'retry', cause };
  } finally {
    clearTimeout(timer);
  }
}

async function stopConsumer(consumer: Consumer, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), STOP_LIMIT_MS);
  });
  const ended = await Promise.race([consumer.close(), limit]);
  clearTimeout(timer);
  if (ended === 'late') {
    log.warn('jobs did not end in time; another worker takes them over');
    void consumer.abandon().catch(() => undefined); // the process is about to end
  }
}
