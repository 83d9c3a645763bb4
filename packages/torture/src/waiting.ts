// How long a run waits for what it began, and how it waits.

const LOOK_EVERY_MS = 250;
const CHECK_EVERY_MS = 100;
/** Far more than a broken system needs to come back. */
export const PATIENCE_MS = 120_000;
/** For a step of a directed run: far more than a busy machine needs. */
export const STEP_LIMIT_MS = 180_000;
/** For an order that only an operator can end: on a busy machine it is decided after healing. */
export const DECISION_MS = 300_000;
/** A request may lie in a stopped process for so long before it makes its order. */
export const ARRIVAL_MS = 20_000;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What `find` finds as soon as it finds something. It asks again while the database is down. */
export async function soon<T>(
  find: () => Promise<T | undefined>,
  limitMs: number,
  everyMs = LOOK_EVERY_MS,
): Promise<T | undefined> {
  const endAt = performance.now() + limitMs;
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endAt) return undefined;
    await pause(everyMs);
  }
}

/** False when it has not come true in time. */
export async function until(isTrue: () => boolean | Promise<boolean>, limitMs = STEP_LIMIT_MS): Promise<boolean> {
  const endAt = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endAt) return false;
    await pause(CHECK_EVERY_MS);
  }
  return true;
}
