import { silentLog } from './log';
import { createShutdown } from './shutdown';

const SIGNALS = ['SIGTERM', 'SIGINT', 'disconnect', 'uncaughtException', 'unhandledRejection'] as const;

describe('a stop', () => {
  const before = new Map(SIGNALS.map((name) => [name, process.listeners(name as 'SIGTERM')]));
  const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as unknown as typeof process.exit);

  beforeEach(() => {
    exit.mockClear();
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
    for (const name of SIGNALS)
      for (const listener of process.listeners(name as 'SIGTERM'))
        if (before.get(name)?.includes(listener) !== true) process.off(name, listener);
  });
  afterAll(() => exit.mockRestore());

  it('runs its steps from the last to the first, and gives each what is left of 25 s, less 2 s for those after it', async () => {
    const shutdown = createShutdown(silentLog);
    const limits: [string, number][] = [];
    shutdown.onDrain('jobs', (limitMs) => void limits.push(['jobs', limitMs]));
    shutdown.onDrain('requests', async (limitMs) => {
      limits.push(['requests', limitMs]);
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    });
    const stopped = shutdown.stop('test');
    await jest.advanceTimersByTimeAsync(10_000);
    await stopped;
    expect(limits).toEqual([
      ['requests', 23_000],
      ['jobs', 13_000],
    ]);
    expect(exit.mock.calls).toEqual([[0]]);
  });

  it('ends after 25 s although a step hangs, and the steps after it still run', async () => {
    const shutdown = createShutdown(silentLog);
    const ran: string[] = [];
    shutdown.onStop('database', () => void ran.push('database'));
    shutdown.onDrain('hangs', () => new Promise(() => undefined));
    const stopped = shutdown.stop('test');
    await jest.advanceTimersByTimeAsync(24_999);
    expect([ran, exit.mock.calls]).toEqual([[], []]);
    await jest.advanceTimersByTimeAsync(1);
    await stopped;
    expect([ran, exit.mock.calls]).toEqual([['database'], [[0]]]);
  });

  it('gives each step that closes something 3 s, so that a database that is away does not hold it up', async () => {
    const log = { ...silentLog, error: jest.fn() };
    const shutdown = createShutdown(log);
    shutdown.onStop('throws', () => {
      throw new Error('closed already');
    });
    shutdown.onStop('database', () => new Promise(() => undefined));
    const stopped = shutdown.stop('test');
    await jest.advanceTimersByTimeAsync(2_999);
    expect(exit.mock.calls).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await stopped;
    expect(exit.mock.calls).toEqual([[0]]);
    expect(log.error.mock.calls.map(([, { step }]: [string, { step: string }]) => step)).toEqual([
      'database',
      'throws',
    ]);
  });
});
