// One short run of the fault harness: whole processes, real faults, every invariant. Longer runs: docs/torture.md.
import { fork } from 'node:child_process';
import { join } from 'node:path';

const SEED = '7';

it('keeps every promise while processes are killed, stopped and cut off', async () => {
  const output: string[] = [];
  const child = fork(join(__dirname, '..', 'torture.mjs'), ['--seed', SEED, '--seconds', '8'], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, output: output.join('') }).toEqual({ code: 0, output: expect.stringContaining('1 of 1 runs kept every promise') });
}, 300_000);
