// A worker process: loops that look for due work. Truth is in Postgres; a loop that finds nothing costs one index look-up.
import { createShutdown, reportReady, type Log, type Shutdown } from '../runtime';
import type { Service } from './service';

export interface Loop {
  readonly name: string;
  readonly everyMs: number;
  /** Returns true when there is more to do right now. Must be bounded in work and time. */
  run(): Promise<boolean>;
}

/** Runs each loop until the process stops; a round in progress is finished first. */
export function runWorker(service: Service, loops: readonly Loop[]): Shutdown {
  const shutdown = createShutdown(service.log);
  shutdown.onStop('service', () => service.close());
  for (const loop of loops) {
    const running = startLoop(loop, service.log);
    shutdown.onStop(loop.name, () => running.stop());
  }
  reportReady();
  return shutdown;
}

export function startLoop(loop: Loop, log: Log): { stop(): Promise<void> } {
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    let hasMore = false;
    try {
      hasMore = await loop.run();
    } catch (err) {
      log.error('a worker loop failed; it goes on with the next round', { loop: loop.name, err });
    }
    if (!isStopping) timer = setTimeout(next, hasMore ? 0 : loop.everyMs);
  };
  const next = (): void => {
    current = round();
  };
  next();
  return {
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      await current;
    },
  };
}
