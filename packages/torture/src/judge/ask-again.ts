// Asking after healing: what is refused for now is asked again as late as Retry-After says, until time is over.
import { codeOf, type Send } from '../customers/client';
import { pause } from '../waiting';

/** Of answers that do not say when to come again. */
const TRIES = 20;
const AGAIN_MS = 300;

/** It says nothing yet: no answer, a broken one, or too many requests. */
export function isForLater(send: Send): boolean {
  return send.kind === 'unknown' || codeOf(send) === 'rate_limited';
}

/** The first answer that says something; when time is over, the last one. `endAt` by `performance.now()`. */
export async function askAgain(ask: () => Promise<Send>, endAt: number): Promise<Send> {
  for (let untold = 0; ;) {
    const send = await ask();
    if (send.retryAfterS === undefined) untold += 1;
    const leftMs = endAt - performance.now();
    if (!isForLater(send) || leftMs <= 0 || untold >= TRIES) return send;
    await pause(Math.min(leftMs, send.retryAfterS === undefined ? AGAIN_MS : send.retryAfterS * 1_000));
  }
}
