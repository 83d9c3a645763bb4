import { setImmediate as turn } from 'node:timers/promises';
import { onePerKey } from './one-per-key';

it('runs the work of one key one at a time, in the order of the calls, beside that of another key', async () => {
  const begun: string[] = [];
  const open = new Map<string, () => void>();
  const begin = (key: string, name: string): Promise<string> =>
    onePerKey(key, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => open.set(name, resolve));
      return name;
    });
  const all = [begin('greedy', 'a'), begin('greedy', 'b'), begin('greedy', 'c'), begin('other', 'd')];
  await turn();
  expect(begun).toEqual(['a', 'd']);
  open.get('a')?.();
  await turn();
  expect(begun).toEqual(['a', 'd', 'b']);
  open.get('b')?.();
  await turn();
  open.get('c')?.();
  open.get('d')?.();
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

it('continues after failed work, and only its caller gets the error', async () => {
  const failing = onePerKey('key', () => Promise.reject(new Error('no')));
  const next = onePerKey('key', () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});
