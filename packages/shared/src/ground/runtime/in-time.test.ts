// Limits in time of a process that is too busy to look at its answers.
import { Worker } from 'node:worker_threads';
import { inFairTime, inTime } from './in-time';

const LIMIT_MS = 100;

let other: Worker;
beforeAll(() => {
  other = new Worker("require('worker_threads').parentPort.on('message', function (text) { this.postMessage(text) })", {
    eval: true,
  });
});
afterAll(() => other.terminate());

function echo(text: string): Promise<string> {
  const answered = new Promise<string>((resolve) => other.once('message', resolve));
  other.postMessage(text);
  return answered;
}

function keepBusy(ms: number): void {
  const endAt = performance.now() + ms;
  while (performance.now() < endAt);
}

it('an answer that came while the process was busy is in time', async () => {
  await echo('is up');
  const answered = inFairTime(LIMIT_MS, echo('yes'));
  keepBusy(3 * LIMIT_MS);
  expect(await answered).toBe('yes');
});

it.each([
  ['inTime', inTime],
  ['inFairTime', inFairTime],
])('%s passes on an answer and an error, and rejects when neither comes', async (_name, within) => {
  expect(await within(LIMIT_MS, Promise.resolve('yes'))).toBe('yes');
  await expect(within(LIMIT_MS, Promise.reject(new Error('no')))).rejects.toThrow('no');
  const begunAt = performance.now();
  await expect(within(LIMIT_MS, new Promise(() => undefined))).rejects.toThrow('no answer in time');
  expect(performance.now() - begunAt).toBeGreaterThan(LIMIT_MS / 2);
});
