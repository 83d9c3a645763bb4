// The fault harness in short: whole processes with real SIGKILLs at named points, then every invariant. Everything is waited for and nothing is timed: a busy
// machine takes longer, and that is all. Long runs: docs/torture.md.
import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Needs no luck: a supplier that did not answer is enough. */
const PLANTED = 'refund-on-time-out';

it('keeps every promise while processes die between all steps of a purchase and twice inside a bulk, and notices a planted bug', async () => {
  const output: string[] = [];
  const child = fork(join(__dirname, '..', 'torture.mjs'), ['--drill', '--seed', '7', '--bug', PLANTED], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, output: output.join('') }).toEqual({ code: 0, output: expect.stringContaining('All 1 planted bugs were caught.') });
}, 900_000);
