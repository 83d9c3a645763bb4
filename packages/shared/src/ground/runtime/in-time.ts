/** Rejects when `work` takes longer than the limit. The work itself goes on; it needs a bound of its own. */
export async function inTime<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const TURNS = 10;

/**
 * As `inTime`, but a busy process does not take its own lateness for that of an answer: however long a turn of the
 * event loop takes, it counts as a tenth of the limit, and answers that have come are seen after it.
 */
export function inFairTime<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let turns = 0;
    const timer = setTimeout(() => {
      turns += 1;
      if (turns < TURNS) timer.refresh();
      else reject(new Error('no answer in time'));
    }, limitMs / TURNS);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
