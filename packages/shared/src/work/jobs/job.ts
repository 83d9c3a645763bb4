// A kind of background job and the ways it can end. A job carries ids only; what is to be done it asks Postgres, so
// running it twice does no harm and losing it costs time only.
import type { z } from 'zod';

export type JobOutcome =
  | { readonly kind: 'done' }
  /** Tried again after the job's backoff, as often as its catalogue entry says. */
  | { readonly kind: 'retry'; readonly cause?: unknown }
  /** Never tried again; operators are told. */
  | { readonly kind: 'giveUp'; readonly reason: string }
  /** Its time has not come; spends no attempt. */
  | { readonly kind: 'notYet'; readonly afterMs: number };

export const done: JobOutcome = { kind: 'done' };

export interface JobControl {
  /** Aborts when the worker stops or the job's time is over: finish the step at hand, start nothing new. */
  readonly signal: AbortSignal;
  /**
   * Adds a job at the back of the queue. `once`: not while one under this name waits; one that runs is followed by one
   * more.
   */
  wake(name: string, payload: Readonly<Record<string, string>>, once?: string): Promise<void>;
}

/** An entry of a service's job catalogue. */
export interface JobDefinition {
  /** Never changes once deployed: jobs with it are in queues. */
  readonly name: string;
  readonly payload: z.ZodType;
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  readonly timeoutMs: number;
  run(payload: never, control: JobControl): Promise<JobOutcome>;
}

/** Throwing counts as `retry`. */
export function defineJob<P extends z.ZodObject>(
  definition: Omit<JobDefinition, 'payload' | 'run'> & {
    payload: P;
    run(payload: z.output<P>, control: JobControl): Promise<JobOutcome>;
  },
): JobDefinition {
  return definition as unknown as JobDefinition; // the host parses the payload with the same schema
}
