import { sql } from '../../base/db';
import { testService, until } from '../../testing';
import { startWork, type Loop } from './worker';

describe('the loops of a worker', () => {
  const tested = testService({ product: 'vps', endpoints: () => [] });
  const rounds = new Map<string, number>();
  const isDue = new Map<string, boolean>();
  const countOf = (name: string): number => rounds.get(name) ?? 0;
  const loop = (name: string, more: Partial<Loop> = {}): Loop => ({
    name,
    everyMs: 5,
    run: () => {
      rounds.set(name, countOf(name) + 1);
      return Promise.resolve(false);
    },
    ...more,
  });
  const due = (name: string) => ({ due: () => sql`${isDue.get(name) ?? false}::boolean` });

  it('run once at the start, and then only those that are due', async () => {
    const work = startWork(tested.service, [
      loop('always'),
      loop('first', due('first')),
      loop('second', due('second')),
    ]);
    try {
      await until(() => countOf('always') > 50);
      expect([countOf('first'), countOf('second')]).toEqual([1, 1]);

      isDue.set('second', true);
      await until(() => countOf('second') > 3);
      expect(countOf('first')).toBe(1);

      isDue.set('second', false);
      isDue.set('first', true);
      await until(() => countOf('first') > 1);
    } finally {
      await work.stop();
    }
  });

  it('run again at once while they say that there is more', async () => {
    const work = startWork(tested.service, [
      loop('many', {
        everyMs: 60_000,
        run: () => {
          rounds.set('many', countOf('many') + 1);
          return Promise.resolve(countOf('many') < 3);
        },
      }),
    ]);
    try {
      await until(() => countOf('many') === 3);
    } finally {
      await work.stop();
    }
  });

  it('run once more when they were due while they ran', async () => {
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    isDue.set('held', true);
    const work = startWork(tested.service, [
      loop('always'),
      loop('held', {
        ...due('held'),
        run: async () => {
          rounds.set('held', countOf('held') + 1);
          if (countOf('held') === 1) await held;
          return false;
        },
      }),
    ]);
    try {
      const before = countOf('always');
      await until(() => countOf('always') > before + 60); // the agenda was asked meanwhile
      expect(countOf('held')).toBe(1);
      isDue.set('held', false);
      end();
      await until(() => countOf('held') === 2);
    } finally {
      await work.stop();
    }
  });
});
