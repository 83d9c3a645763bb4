// Start and stop of a process. On SIGTERM (or Ctrl-C, or when the launcher that forked it is gone) the steps run in
// reverse order of registration, each bounded; then the process exits with 0. A second signal exits at once.
import type { Log } from './log';

const STEP_LIMIT_MS = 25_000;

export interface Shutdown {
  /** Steps run last-registered first: register the database before the server that uses it. */
  onStop(name: string, step: () => Promise<void> | void): void;
  stop(reason: string, exitCode?: number): Promise<void>;
}

export function createShutdown(log: Log): Shutdown {
  const steps: { name: string; step: () => Promise<void> | void }[] = [];
  let stopping: Promise<void> | null = null;

  const stop = (reason: string, exitCode = 0): Promise<void> => {
    stopping ??= (async () => {
      log.info('stopping', { reason });
      for (const { name, step } of steps.reverse()) await boundedStep(name, step, log);
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

async function boundedStep(name: string, step: () => Promise<void> | void, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      step(),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`did not stop within ${String(STEP_LIMIT_MS)} ms`)), STEP_LIMIT_MS);
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
