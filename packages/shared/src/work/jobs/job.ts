// A kind of background job and its possible outcomes. A job carries ids only and reads its work from Postgres, so it
// may run twice without harm, and a lost job only costs time.
import type { z } from 'zod';

export type JobOutcome =
  | { readonly kind: 'done' }
  /** Tried again after the job's backoff, as often as its definition says. */
  | { readonly kind: 'retry'; readonly cause?: unknown }
  /** Never tried again; operators are notified. */
  | { readonly kind: 'giveUp'; readonly reason: string }
  /** It is not due yet; it uses no attempt. */
  | { readonly kind: 'notYet'; readonly afterMs: number };

export const done: JobOutcome = { kind: 'done' };

export interface JobControl {
  /** Aborts when the worker stops or the job's time is over: finish the present step, start no new one. */
  readonly signal: AbortSignal;
  /**
   * Adds a job at the end of the queue. `once`: not while another one with this name waits; while one runs, one more is
   * added.
   */
  wake(name: string, payload: Readonly<Record<string, string>>, once?: string): Promise<void>;
}

/** The definition of a kind of job in a service. */
export interface JobDefinition {
  /** Never changes once deployed, because jobs in queues have it. */
  readonly name: string;
  readonly payload: z.ZodType;
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  readonly timeoutMs: number;
  run(payload: never, control: JobControl): Promise<JobOutcome>;
}

/** An error counts as `retry`. */
export function defineJob<P extends z.ZodObject>(
  definition: Omit<JobDefinition, 'payload' | 'run'> & {
    payload: P;
    run(payload: z.output<P>, control: JobControl): Promise<JobOutcome>;
  },
): JobDefinition {
  return definition as unknown as JobDefinition; // the host parses the payload with the same schema
}
