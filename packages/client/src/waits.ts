// Waits for an operation or a batch to end.
import type { LumiCall } from './call';
import { LumiTimeoutError } from './errors';
import type { WaitOptions } from './extras';
import type { Query } from './request';
import { pause } from './transport';

const DEFAULT_MS = 600_000;
const HELD_MAX_S = 30;
/** Longer than the server holds the request. */
const TRY_MS = 45_000;
const TRIES = 5;
const POLL_MIN_MS = 1_000;
const POLL_MAX_MS = 5_000;

export type AnyCall = (
  id: string,
  input: { path?: Record<string, string>; query?: Query; body?: unknown },
  options: { timeoutMs?: number; maxRetries?: number; signal?: AbortSignal; userId?: string },
) => LumiCall<unknown>;

interface Asked {
  readonly what: string;
  readonly ask: (leftS: number) => { id: string; path: Record<string, string>; query: Query };
  readonly isOver: (answer: Readonly<Record<string, unknown>>) => boolean;
}

type Answer = Readonly<Record<string, unknown>>;

export async function waitForOperation(call: AnyCall, id: string, options: WaitOptions<Answer>): Promise<Answer> {
  return waitUntilOver(call, options, {
    what: 'operation',
    ask: (leftS) => ({ id: 'get-operation', path: { id }, query: { wait: leftS } }),
    isOver: ({ state }) => state !== 'processing',
  });
}

export async function waitForBatch(call: AnyCall, id: string, options: WaitOptions<Answer>): Promise<Answer> {
  return waitUntilOver(call, options, {
    what: 'batch',
    ask: () => ({ id: 'get-batch', path: { batch_id: id }, query: {} }),
    isOver: ({ status }) => status === 'completed' || status === 'cancelled',
  });
}

async function waitUntilOver(
  call: AnyCall,
  { onProgress, timeoutMs = DEFAULT_MS, signal, userId }: WaitOptions<Answer>,
  { what, ask, isOver }: Asked,
): Promise<Answer> {
  const endsAt = Date.now() + timeoutMs;
  const options = { timeoutMs: TRY_MS, maxRetries: TRIES, ...(signal && { signal }), ...(userId && { userId }) };
  let shown = '';
  let pollMs = POLL_MIN_MS;
  for (;;) {
    const askedAt = Date.now();
    const { id, ...input } = ask(Math.max(0, Math.min(HELD_MAX_S, Math.floor((endsAt - askedAt) / 1_000))));
    const answer = (await call(id, input, options)) as Answer;
    const state = JSON.stringify(answer);
    if (state !== shown) onProgress?.(answer);
    pollMs = state === shown ? Math.min(POLL_MAX_MS, pollMs * 1.5) : POLL_MIN_MS;
    shown = state;
    if (isOver(answer)) return answer;
    const left = endsAt - Date.now();
    if (left <= 0) throw stillRunning(what, timeoutMs);
    // Held back by the server, the answer has taken its time already.
    await pause(Math.max(0, Math.min(left, askedAt + pollMs - Date.now())), signal);
  }
}

function stillRunning(what: string, timeoutMs: number): LumiTimeoutError {
  return new LumiTimeoutError({
    code: 'timeout',
    message: `The ${what} is still running after ${String(Math.round(timeoutMs / 1_000))} s.`,
    mayHaveBeenExecuted: true,
    isRetrySafe: true,
    idempotencyKey: null,
  });
}
