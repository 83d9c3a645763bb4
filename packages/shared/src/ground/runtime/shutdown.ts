// Start and stop of a process. On SIGTERM (or Ctrl-C, or when the launcher that forked it is gone) the steps run in
// reverse order of registration, all within one limit; then the process exits with 0. A second signal exits at once.
// Only what is in flight is waited for; what a process closes after it may be away itself, and does not hold it up.
import { inTime } from './in-time';
import type { Log } from './log';

/** Below the 30 s after which Kubernetes, compose and the launcher kill a process. */
const STOP_LIMIT_MS = 25_000;
/** Kept for the steps after the one that waits for requests in flight. */
const RESERVE_MS = 2_000;
/** For a step that closes something: a database that stops at the same time may never answer. */
const CLOSE_LIMIT_MS = 3_000;
/** For each of them, when the limit is used up. */
const LAST_CHANCE_MS = 500;

export interface Shutdown {
  /**
   * Steps that close something, each in at most 3 s. They run last-registered first: register the database before the
   * server that uses it.
   */
  onStop(name: string, step: () => Promise<void> | void): void;
  /** A step among them that waits for what is in flight, at most `limitMs`. */
  onDrain(name: string, step: (limitMs: number) => Promise<void> | void): void;
  stop(reason: string, exitCode?: number): Promise<void>;
}

export function createShutdown(log: Log, { limitMs = STOP_LIMIT_MS }: { readonly limitMs?: number } = {}): Shutdown {
  const steps: { name: string; run: (leftMs: number) => Promise<void> }[] = [];
  let stopping: Promise<void> | null = null;

  const stop = (reason: string, exitCode = 0): Promise<void> => {
    stopping ??= (async () => {
      log.info('stopping', { reason });
      const endMs = performance.now() + limitMs;
      for (const { name, run } of steps.reverse()) {
        // An error is no reason to leave out the steps after it.
        await run(endMs - performance.now()).catch((err: unknown) => {
          log.error('a step of the shutdown failed', { step: name, err });
        });
      }
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
  return {
    onStop: (name, step) => steps.push({ name, run: (leftMs) => bounded(step, Math.min(CLOSE_LIMIT_MS, leftMs)) }),
    onDrain: (name, step) =>
      steps.push({ name, run: (leftMs) => bounded(() => step(Math.max(0, leftMs - RESERVE_MS)), leftMs) }),
    stop,
  };
}

function bounded(step: () => Promise<void> | void, limitMs: number): Promise<void> {
  return inTime(
    Math.max(LAST_CHANCE_MS, limitMs),
    (async () => step())(), // one that throws at once counts as one that rejects
  );
}

/** Reports to the launcher (if any) that this process serves, and on which port. */
export function reportReady(portNumber?: number): void {
  process.send?.({ type: 'ready', port: portNumber });
}
