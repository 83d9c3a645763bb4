// A trial that is interrupted takes away what it has started, once, while it still goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const MODULE = join(__dirname, '..', 'cleanups.mjs');

/** Runs a script that has `cleanups`; its lines, and its exit code. `signal` is sent when it says `ready`. */
async function run(script: string, signal?: NodeJS.Signals): Promise<{ lines: string[]; code: number | null }> {
  const text = `import { Cleanups } from ${JSON.stringify(MODULE)}; const cleanups = new Cleanups(); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line === 'ready' && signal !== undefined) child.kill(signal);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { lines, code };
}

describe('Cleanups', () => {
  it('are run once, the last first, although one fails and the trial ends itself meanwhile', async () => {
    const { lines, code } = await run(`
      cleanups.later(() => console.log('first'));
      cleanups.later(() => { throw new Error('fails'); });
      cleanups.later(async () => { await null; console.log('last'); });
      await Promise.all([cleanups.run(), cleanups.run()]);
      console.log('over');`);
    expect(lines).toEqual(['last', 'first', 'over']);
    expect(code).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'are run when the trial gets %s, with what it adds meanwhile',
    async (signal) => {
      const { lines, code } = await run(
        `cleanups.watch('the trial', 60_000);
      cleanups.later(() => console.log('first'));
      cleanups.later(() => { console.log('last'); cleanups.later(() => console.log('late')); });
      console.log('ready');`,
        signal,
      );
      expect(lines).toEqual(['ready', 'last', 'late', 'first']);
      expect(code).toBe(1);
    },
  );

  it('are run when the trial fails, which ends with 1 whatever it has still open', async () => {
    const { lines, code } = await run(`
      setInterval(() => undefined, 1_000);
      await cleanups.whole(async () => {
        cleanups.later(() => console.log('taken away'));
        throw new Error('fails');
      });`);
    expect({ lines, code }).toEqual({ lines: ['taken away'], code: 1 });
  });

  it('are run when the trial takes too long, and nothing is kept alive by a trial that has ended', async () => {
    const late = await run(`
      cleanups.later(() => console.log('taken away'));
      cleanups.watch('the trial', 1);
      setInterval(() => undefined, 1_000);`);
    expect(late).toEqual({ lines: ['taken away'], code: 1 });
    expect(await run(`cleanups.watch('the trial', 2 ** 30)();`)).toEqual({ lines: [], code: 0 });
  });
});
