// Follows the feed of events: long polls, goes on where it was after every break, and leaves out nothing.
import { LumiError } from './errors';
import type { FollowOptions } from './extras';
import { delayMs } from './retries';
import { pause } from './transport';
import type { AnyCall } from './waits';

const WAIT_S = 30;
const POLL_MS = 2_000;
const GIVE_UP_MS = 900_000;
/** Beyond the time for which the server holds the request. */
const ANSWER_MS = 20_000;
const PAGE = 200;
const ATTEMPTS_COUNTED = 10;

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly has_more: boolean;
  readonly resume_cursor: string | null;
  readonly gap?: boolean;
}

/** @param ackId the operation that acknowledges, or null where the API has none */
export async function* followEvents(
  call: AnyCall,
  ackId: string | null,
  options: FollowOptions,
): AsyncGenerator<unknown, void, undefined> {
  const { consumer, signal, onCursor, onGap, pollMs = POLL_MS } = options;
  if (consumer !== undefined && ackId === null) throw new TypeError('This API keeps no positions of consumers.');
  const ask = pageReader(call, options);
  const acknowledge = acknowledger(call, ackId, options);
  let cursor = options.cursor ?? null;
  try {
    while (signal?.aborted !== true) {
      const { page, isHeld } = await ask(cursor);
      if (page.gap === true) onGap?.();
      for (const event of page.items) {
        yield event;
        acknowledge.worked(event.id);
      }
      await acknowledge.send();
      if (page.resume_cursor !== null) {
        cursor = page.resume_cursor;
        onCursor?.(cursor);
      }
      if (!page.has_more && !isHeld) await pause(pollMs, signal);
    }
  } catch (err) {
    // An end that was asked for is an end, not a failure.
    if (signal?.aborted !== true) throw err;
  } finally {
    // The caller may leave the loop at an event that it could not work on: that one is not acknowledged.
    await acknowledge.send();
  }
}

function acknowledger(
  call: AnyCall,
  ackId: string | null,
  { consumer, userId }: FollowOptions,
): { worked: (id: string) => void; send: () => Promise<void> } {
  let last: string | null = null;
  return {
    worked: (id) => (last = id),
    send: async () => {
      if (consumer === undefined || ackId === null || last === null) return;
      const body = { consumer, event_id: last };
      last = null;
      await call(ackId, { body }, { maxRetries: 5, ...(userId !== undefined && { userId }) });
    },
  };
}

/** Reads the page behind a position, and again until there is an answer. */
function pageReader(
  call: AnyCall,
  { types, consumer, since, signal, userId, waitS = WAIT_S, giveUpMs = GIVE_UP_MS }: FollowOptions,
): (cursor: string | null) => Promise<{ page: Page; isHeld: boolean }> {
  let canHold = waitS > 0;
  return async (cursor) => {
    const failingSince = Date.now();
    for (let attempt = 0; ; attempt += 1) {
      const query = {
        limit: PAGE,
        types: types?.join(','),
        wait: canHold ? waitS : undefined,
        // A cursor belongs to the filters that it was made with.
        since,
        ...(cursor === null ? { consumer } : { cursor }),
      };
      const limits = { maxRetries: 0, timeoutMs: (canHold ? waitS * 1_000 : 0) + ANSWER_MS };
      try {
        const sent = { ...limits, ...(signal && { signal }), ...(userId !== undefined && { userId }) };
        return { page: (await call('list-events', { query }, sent)) as Page, isHeld: canHold };
      } catch (err) {
        if (!(err instanceof LumiError)) throw err;
        if (canHold && err.status === 422) {
          // An older server does not know `wait`.
          canHold = false;
          continue;
        }
        if (!isPassing(err) || Date.now() - failingSince > giveUpMs) throw err;
        await pause(delayMs(Math.min(attempt, ATTEMPTS_COUNTED), null, Math.random()) ?? 0, signal);
        if (err.retryAfter !== null) await pause(Math.min(err.retryAfter * 1_000, giveUpMs), signal);
      }
    }
  };
}

function isPassing({ status }: LumiError): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
