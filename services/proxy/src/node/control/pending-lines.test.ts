import { PendingLines } from './pending-lines';
import type { UsageLine } from '../../nodes/protocol';

const HOUR = '2026-11-28T00:00:00.000Z';
const line = (subject: string, target: string, down = 1): UsageLine => ({
  ...{ subject, hour: HOUR, country: 'DE', target, up: 0, down, requests: 1, errors: 0 },
});
const bytesOf = (lines: readonly UsageLine[]): number => lines.reduce((sum, { up, down }) => sum + up + down, 0);

describe('lines that wait for the service', () => {
  it('are bounded in an outage: beyond it new targets are one for each subject, and no byte is lost', () => {
    const pending = new PendingLines(100);
    for (let second = 0; second < 50; second += 1)
      pending.add(
        Array.from({ length: 20 }, (_, i) => line(`plan-${String(i % 2)}`, `t${String(second * 20 + i)}`, 3)),
      );
    const lines = pending.all();
    expect(lines.length).toBe(102);
    expect(bytesOf(lines)).toBe(3_000);
    expect(lines.reduce((sum, { requests }) => sum + requests, 0)).toBe(1_000);
    expect(lines.filter(({ target }) => target === 'other').map(({ subject, down }) => [subject, down])).toEqual([
      ['plan-0', 1_350],
      ['plan-1', 1_350],
    ]);
  });

  it('go out oldest first, as many as the service takes in one body, however long their targets are', () => {
    const pending = new PendingLines();
    const targets = Array.from({ length: 40_000 }, (_, i) => `${String(i).padStart(6, '0')}.${'x'.repeat(246)}`);
    pending.add(targets.map((target) => line('plan', target)));
    const batches: (readonly UsageLine[])[] = [];
    while (pending.size > 0) batches.push(pending.take());
    expect(batches.flat().map(({ target }) => target)).toEqual(targets);
    for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(5 * 1024 * 1024);
  });

  it('do not change a batch that was taken before when more of the same comes', () => {
    const pending = new PendingLines();
    pending.add([line('plan', 'a', 5)]);
    const batch = pending.take();
    pending.add(batch);
    pending.add([line('plan', 'a', 7)]);
    expect([bytesOf(batch), bytesOf(pending.all())]).toEqual([5, 12]);
  });
});
