import { until } from '@lumi/shared/testing';

describe('until', () => {
  it('resolves with the first truthy value, past conditions that throw', async () => {
    const answers = [
      () => {
        throw new Error('not yet');
      },
      () => 0,
      () => 'there',
    ];
    expect(await until(() => answers.shift()?.(), { everyMs: 1 })).toBe('there');
  });

  it('rejects after its time with the last reason as cause', async () => {
    const reason = new Error('never');
    await expect(until(() => Promise.reject(reason), { timeoutMs: 5, everyMs: 1 })).rejects.toMatchObject({
      cause: reason,
    });
  });
});
