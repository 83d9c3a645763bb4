// What the client does beyond single requests: waiting for operations and batches, and following the feed of events.
import type { AnswerOf, ItemOf } from './shapes';

export interface WaitOptions<Progress> {
  /** Called with each new state, the first and the last too. */
  readonly onProgress?: (progress: Progress) => void;
  /** How long to wait at most; 10 minutes if absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly userId?: string;
}

export interface FollowOptions {
  /** Such as `['domain.*', 'deposit.credited']`; all if absent. */
  readonly types?: readonly string[];
  /** The server keeps the position under this name: events that were worked on are acknowledged. */
  readonly consumer?: string;
  /** A `resume_cursor` of before. */
  readonly cursor?: string;
  /** Only what happened from this time on. */
  readonly since?: string;
  readonly signal?: AbortSignal;
  readonly userId?: string;
  /** How long the server holds a request without news: 0 to 30 s, 30 if absent. */
  readonly waitS?: number;
  /** How often to ask a server that does not hold requests; 2000 if absent. */
  readonly pollMs?: number;
  /** For how long to go on without any answer; 15 minutes if absent. Then the last error is thrown. */
  readonly giveUpMs?: number;
  /** The position behind each page, to be kept by the caller. */
  readonly onCursor?: (cursor: string) => void;
  /** The position was older than the events that are kept: some are gone. */
  readonly onGap?: () => void;
}

type Get<Operations, Id> = Id extends keyof Operations ? AnswerOf<Operations[Id]> : never;

/** @public to the generated methods */
export interface OperationWaits<Operations> {
  /** Until the operation is `completed` or `failed`. Throws a LumiTimeoutError when it is still running in the end. */
  wait(id: string, options?: WaitOptions<Get<Operations, 'get-operation'>>): Promise<Get<Operations, 'get-operation'>>;
}

/** @public to the generated methods */
export interface BatchWaits<Operations> {
  /** Until the batch is `completed` or `cancelled`. Its answer has the first 200 items. */
  wait(id: string, options?: WaitOptions<Get<Operations, 'get-batch'>>): Promise<Get<Operations, 'get-batch'>>;
}

/** @public to the generated methods */
export interface EventFollows<Operations> {
  /**
   * Each event from now on, or from where `consumer`, `cursor` or `since` say, without end. A lost connection is made
   * again from the last position; an event may come twice after a crash, and none is left out.
   */
  follow(
    options?: FollowOptions,
  ): AsyncGenerator<
    'list-events' extends keyof Operations ? ItemOf<Operations['list-events']> : never,
    void,
    undefined
  >;
}
