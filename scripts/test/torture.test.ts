// The fault harness in short: whole processes with real SIGKILLs at named points, then every invariant. Everything is
// waited for and nothing is timed: a busy machine takes longer, and that is all. Long runs: docs/torture.md.
import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Needs no luck: a supplier that did not answer is enough. */
const PLANTED = 'refund-on-time-out';

async function torture(...args: string[]): Promise<{ code: unknown; output: string }> {
  const output: string[] = [];
  const child = fork(join(__dirname, '..', 'torture.mjs'), args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output: output.join('') };
}

it(
  'keeps every promise while processes die between all steps of a purchase and twice inside a bulk, and ' +
    'notices a planted bug',
  async () => {
    expect(await torture('--drill', '--seed', '7', '--bug', PLANTED)).toEqual({
      code: 0,
      output: expect.stringContaining('All 1 planted bugs were caught.'),
    });
  },
  900_000,
);

it(
  'charges what the model of prices says where an offer is overtaken between its price and its hold, and ' +
    'notices that the guard of the hold is gone',
  async () => {
    expect(await torture('--races', 'overtaken', '--products', 'vps', '--bug', 'price-guard-off')).toEqual({
      code: 0,
      output: expect.stringContaining('All 1 planted bugs were caught.'),
    });
  },
  900_000,
);
