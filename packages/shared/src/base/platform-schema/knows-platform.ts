// The check of a process at its start: it does not serve on a schema that it does not know.
import type { Log } from '../../ground/runtime';
import { readPlatformSchema, refusalOfPlatform, type Queryable } from './version';

const ASK_AGAIN_MS = 1_000;

export interface KnowsPlatformOptions {
  readonly db: Queryable;
  /** The process, as the subject of a sentence: "the vps service". */
  readonly who: string;
  readonly log: Log;
  /** What else it looks at, once it knows the platform: the sentence for what it must not run on, or null. */
  readonly also?: () => Promise<string | null>;
  /** The database answered only after the start, and this process must not run on it. */
  readonly onRefusal: (sentence: string) => void;
}

/**
 * Throws the sentence for a schema that is too old or too new. A database that does not answer is no reason not to
 * start, because it may come back: it is asked again every second until it has answered once. Returns how to stop that.
 */
export async function knowsPlatform({ db, who, log, also, onRefusal }: KnowsPlatformOptions): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isAway = false;
  const again = async (): Promise<void> => {
    const refusal = await ask();
    if (isStopped) return;
    if (refusal === undefined) timer = setTimeout(() => void again(), ASK_AGAIN_MS);
    else if (refusal !== null) onRefusal(refusal);
  };
  // undefined: no answer
  const ask = async (): Promise<string | null | undefined> => {
    try {
      return refusalOfPlatform(await readPlatformSchema(db), who) ?? (await also?.()) ?? null;
    } catch (err) {
      // Once: it is asked every second.
      if (!isAway) log.warn('the version of the schema could not be read; asking again', { err });
      isAway = true;
      return undefined;
    }
  };
  const refusal = await ask();
  if (refusal !== null && refusal !== undefined) throw new Error(refusal);
  if (refusal === undefined) timer = setTimeout(() => void again(), ASK_AGAIN_MS);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
