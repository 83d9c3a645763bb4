// Start and stop of a process. On SIGTERM (or Ctrl-C, or when the launcher that forked it is gone) the steps run in
// reverse order of registration, all within one limit; then the process exits with 0. A second signal exits at once.
import type { Log } from './log';

/** Below the 30 s after which Kubernetes, compose and the launcher kill a process. */
const STOP_LIMIT_MS = 25_000;
/** Kept for the steps after the one that waits for requests in flight. */
const RESERVE_MS = 2_000;
/** For each of them, when the limit is used up. */
const LAST_CHANCE_MS = 500;

/** `limitMs`: how long it may wait for what is in flight. */
type Step = (limitMs: number) => Promise<void> | void;

export interface Shutdown {
  /** Steps run last-registered first: register the database before the server that uses it. */
  onStop(name: string, step: Step): void;
  stop(reason: string, exitCode?: number): Promise<void>;
}

export function createShutdown(log: Log): Shutdown {
  const steps: { name: string; step: Step }[] = [];
  let stopping: Promise<void> | null = null;

  const stop = (reason: string, exitCode = 0): Promise<void> => {
    stopping ??= (async () => {
      log.info('stopping', { reason });
      const endMs = performance.now() + STOP_LIMIT_MS;
      for (const { name, step } of steps.reverse()) await boundedStep(name, step, endMs - performance.now(), log);
      process.exit(exitCode);
    })();
    return stopping;
  };
  const onSignal = (signal: string): void => {
    if (stopping !== null) process.exit(130);
    void stop(signal);
  };
  // When the launcher is gone, every log line fails. If that were reported as an exception, it would be logged, fail
  // again, and keep this process busy for ever instead of letting it stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
  if (process.send !== undefined) process.on('disconnect', () => void stop('launcher gone'));
  process.on('uncaughtException', (err) => {
    log.error('uncaught exception', { err });
    void stop('uncaught exception', 1);
  });
  process.on('unhandledRejection', (err) => {
    log.error('unhandled rejection', { err });
    void stop('unhandled rejection', 1);
  });
  return { onStop: (name, step) => steps.push({ name, step }), stop };
}

async function boundedStep(name: string, step: Step, leftMs: number, log: Log): Promise<void> {
  const limitMs = Math.max(LAST_CHANCE_MS, leftMs);
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      step(Math.max(0, leftMs - RESERVE_MS)),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`did not stop within ${String(Math.round(limitMs))} ms`)), limitMs);
      }),
    ]);
  } catch (err) {
    log.error('a step of the shutdown failed', { step: name, err });
  } finally {
    clearTimeout(timer);
  }
}

/** Reports to the launcher (if any) that this process serves, and on which port. */
export function reportReady(portNumber?: number): void {
  process.send?.({ type: 'ready', port: portNumber });
}
