// How a command ends: its exit status, and the sentence for people.
import { LumiConnectionError, LumiError, LumiTimeoutError } from '@lumi/client';

export const DONE = 0;
export const REFUSED = 1;
export const NOT_UNDERSTOOD = 2;
export const NOT_REACHED = 3;
export const STILL_RUNNING = 4;

export class Ending extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @param isWaiting whether a time-out means that the thing goes on */
export function endingOf(err: unknown): { status: number; lines: string[] } {
  if (err instanceof Ending) return { status: err.status, lines: [err.message] };
  if (err instanceof LumiTimeoutError && err.message.includes('still running'))
    return { status: STILL_RUNNING, lines: [err.message] };
  if (err instanceof LumiError) {
    const isLost = err instanceof LumiConnectionError || err.code === 'unexpected_answer';
    const key = err.idempotencyKey;
    return {
      status: isLost ? NOT_REACHED : REFUSED,
      lines: [
        isLost ? err.message : `${err.code}: ${err.message}`,
        ...err.details.map(({ path, message }) => `  ${path}: ${message}`),
        ...(err.requestId === null ? [] : [`  request ${err.requestId}`]),
        ...(isLost && key !== null ? [`  What became of it: lumi requests ${key}`] : []),
      ],
    };
  }
  if (err instanceof TypeError) return { status: NOT_UNDERSTOOD, lines: [err.message] };
  throw err;
}
