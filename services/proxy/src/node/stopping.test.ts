import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createShutdown, silentLog } from '@lumi/shared/runtime';
import { Draining, stopLimitMs } from './stopping';

const SUPERVISOR = join(__dirname, '../../../../packages/launcher/src/supervisor.mjs');
const SIGNALS = ['SIGTERM', 'SIGINT', 'disconnect', 'uncaughtException', 'unhandledRejection'] as const;

describe('a node that stops', () => {
  const before = new Map(SIGNALS.map((name) => [name, process.listeners(name as 'SIGTERM')]));
  const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as unknown as typeof process.exit);
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    for (const name of SIGNALS)
      for (const listener of process.listeners(name as 'SIGTERM'))
        if (before.get(name)?.includes(listener) !== true) process.off(name, listener);
  });
  afterAll(() => exit.mockRestore());

  const passed = async (ms: number): Promise<void> => {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  };
  /** Connections that never end. */
  const stopOf = (drainS: number, delayMs = 0) => {
    const limits: number[] = [];
    const flushed: number[] = [];
    const plane = {
      drain: (limitMs: number) => {
        limits.push(limitMs);
        return passed(limitMs);
      },
      close: () => Promise.resolve(),
    };
    const draining = new Draining(plane, drainS * 1_000);
    const limitMs = stopLimitMs({ STOP_DELAY_MS: delayMs, PROXY_NODE_DRAIN_S: drainS });
    const shutdown = createShutdown(silentLog, { limitMs });
    shutdown.onDrain('control', (leftMs) => void flushed.push(leftMs));
    shutdown.onDrain('connections', (leftMs) => draining.end(leftMs));
    shutdown.onDrain('readiness', () => passed(delayMs));
    return { limits, flushed, draining, shutdown };
  };

  it.each([
    [30, 0],
    [30, 15_000],
    [2, 0], // npm start
    [0, 0],
    [3_600, 5_000],
  ])(
    'gives connections all of %i s after a delay of %i ms, and has time to send its usage',
    async (drainS, delayMs) => {
      const { limits, flushed, shutdown } = stopOf(drainS, delayMs);
      const stopped = shutdown.stop('SIGTERM');
      await jest.advanceTimersByTimeAsync(drainS * 1_000 + delayMs);
      await stopped;
      expect(limits).toEqual([drainS * 1_000]);
      expect(flushed).toEqual([6_000]);
    },
  );

  it.each([2, 30, 3_600])('is given more time by npm start than it needs when its connections have %i s', (drainS) => {
    const env = JSON.stringify({ PROXY_NODE_DRAIN_S: String(drainS) });
    const code = `import { stopLimitMs } from ${JSON.stringify(SUPERVISOR)}; console.log(stopLimitMs(${env}))`;
    const given = Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' }));
    expect(given).toBeGreaterThan(stopLimitMs({ STOP_DELAY_MS: 15_000, PROXY_NODE_DRAIN_S: drainS }));
  });

  it('does not wait a second time for connections that outlasted the drain of an operator', async () => {
    const { limits, draining, shutdown } = stopOf(30);
    const stopped = draining.byOperator(60_000).then(() => shutdown.stop('drained'));
    await jest.advanceTimersByTimeAsync(60_000);
    await stopped;
    expect(limits).toEqual([60_000, 0]);
  });

  it('ends within its own time on a signal during the drain of an operator', async () => {
    const { limits, draining, shutdown } = stopOf(30);
    void draining.byOperator(3_600_000);
    const stopped = shutdown.stop('SIGTERM');
    await jest.advanceTimersByTimeAsync(30_000);
    await stopped;
    expect(limits).toEqual([3_600_000, 30_000]);
  });
});
