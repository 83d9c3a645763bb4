// A short run of the fault harness: whole processes with real SIGKILLs at named points, then every invariant. It waits
// for conditions and measures no times, so a busy machine only takes longer. Long runs: docs/torture.md.
import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Certain to happen: it needs only a supplier that did not answer. */
const PLANTED = 'refund-on-time-out';

async function torture(...args: string[]): Promise<{ code: unknown; output: string }> {
  const output: string[] = [];
  const child = fork(join(__dirname, '..', 'torture.mjs'), args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output: output.join('') };
}

it('keeps every promise while processes die between all steps of a purchase and twice inside a bulk', async () => {
  expect(await torture('--drill', '--seed', '7', '--bug', PLANTED)).toEqual({
    code: 0,
    output: expect.stringContaining('All 1 planted bugs were caught.'),
  });
}, 900_000);

it('charges what the price model says when an offer changes between its price and its hold', async () => {
  expect(await torture('--races', 'overtaken', '--products', 'vps', '--bug', 'price-guard-off')).toEqual({
    code: 0,
    output: expect.stringContaining('All 1 planted bugs were caught.'),
  });
}, 900_000);
