// Usage is kept for its time and deleted in steps of few rows.
import { FixedClock } from '@lumi/shared/runtime';
import pg from 'pg';
import { forgetOldUsage } from '../src/jobs/forget-usage';
import { NOW, proxyTest } from './proxy-service';

const lumi = proxyTest(new FixedClock(NOW));
let owner: pg.Client;
beforeAll(async () => {
  owner = new pg.Client({ connectionString: lumi.database.ownerUrl });
  await owner.connect();
});
afterAll(() => owner.end());

const count = async (table: string): Promise<number> =>
  (await owner.query<{ count: number }>(`SELECT count(*)::int AS count FROM proxy.${table}`)).rows[0]?.count ?? -1;

describe('old usage', () => {
  it('goes hours after 400 days and deltas after 14, oldest first, and never more than a step may', async () => {
    await owner.query(`
      INSERT INTO proxy.usage_hour (account_id, hour, subject, country, target, bytes_up, bytes_down, requests, errors)
        SELECT 'usr_a', date_trunc('hour', now()) - interval '401 days' - n * interval '1 hour', 'prx_a', 'XA', '', 1,
          1, 1, 0 FROM generate_series(1, 25) n
        UNION ALL SELECT 'usr_a', date_trunc('hour', now()) - interval '399 days', 'prx_a', 'XA', '', 1, 1, 1, 0`);
    await owner.query(`
      INSERT INTO proxy.usage_delta (gateway, connection, number, at)
        SELECT 'g', 'c', n, now() - interval '15 days' FROM generate_series(1, 12) n
        UNION ALL SELECT 'g', 'c', 100, now() - interval '13 days'`);
    const step = () => forgetOldUsage(lumi.deps(), 10);
    expect([await step(), await count('usage_hour'), await count('usage_delta')]).toEqual([true, 16, 3]);
    expect([await step(), await count('usage_hour'), await count('usage_delta')]).toEqual([true, 6, 1]);
    expect([await step(), await count('usage_hour'), await count('usage_delta')]).toEqual([false, 1, 1]);
    expect([await step(), await count('usage_hour'), await count('usage_delta')]).toEqual([false, 1, 1]);
  });

  it('that could not be billed goes after 400 days, oldest first, and never more than a step may', async () => {
    await owner.query(`
      INSERT INTO proxy.usage_unplaced (source, epoch, number, reason, subject, hour, country, target, bytes_up,
        bytes_down, requests, errors, at)
        SELECT 's', 1, n, 'unknown', 'prx_a', now(), 'XA', '', 1, 1, 1, 0,
          now() - CASE WHEN n = 1 THEN interval '399 days' ELSE interval '401 days' END FROM generate_series(1, 16) n`);
    const step = () => forgetOldUsage(lumi.deps(), 10);
    expect([await step(), await count('usage_unplaced')]).toEqual([true, 6]);
    expect([await step(), await count('usage_unplaced')]).toEqual([false, 1]);
  });
});
