// Signs of abuse come to operators: one of each sign, subject and hour, whichever node saw it.
import { FixedClock } from '@lumi/shared/runtime';
import { forgetOldReports } from '../src/jobs/forget-reports';
import { nodeClient } from './node-client';
import { NOW, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, exchange } = nodeClient(lumi);

let epoch = 0;
let seq = 0;
beforeAll(async () => {
  ({ epoch } = await register());
});
afterEach(() => owner(lumi, 'DELETE FROM proxy.abuse_sign'));

const send = async (...signs: readonly unknown[]): Promise<number> => {
  seq += 1;
  return (await exchange(epoch, seq, { signs })).status;
};
const sign = (name: string, who: string, at = '2026-11-24T11:59:00Z') => ({ sign: name, who, at });
const list = async (query = ''): Promise<Record<string, unknown>[]> =>
  (await lumi.get(await lumi.operator(), `/admin/abuse-signs${query}`)).body.items as Record<string, unknown>[];

describe('GET /admin/abuse-signs', () => {
  it('has one of each sign, subject and hour, with whose it is', async () => {
    const { who, body } = await lumi.buyer();
    const proxy = body.proxies[0]?.id ?? '';
    await send(sign('many-targets', proxy), sign('many-targets', proxy, '2026-11-24T11:58:00Z'));
    await send(sign('many-targets', proxy, '2026-11-24T11:59:59Z'), sign('refused-ports', proxy));
    await send(sign('login-guessing', '2001:db8:1:2::/64'));
    const seen = { who: proxy, user_id: who.accountId, node_id: 'node_local' };
    const all = [
      {
        sign: 'login-guessing',
        who: '2001:db8:1:2::/64',
        user_id: null,
        node_id: 'node_local',
        at: '2026-11-24T11:59:00Z',
      },
      { ...seen, sign: 'refused-ports', at: '2026-11-24T11:59:00Z' },
      { ...seen, sign: 'many-targets', at: '2026-11-24T11:58:00Z' },
    ];
    expect(await list()).toEqual(all);
    expect(await list('?sign=refused-ports')).toEqual([all[1]]);
    expect(await list(`?user_id=${who.accountId}`)).toEqual([all[1], all[2]]);
    await send(sign('many-targets', proxy, '2026-11-24T10:59:59Z'));
    expect(await list('?sign=many-targets')).toHaveLength(2);
    expect((await lumi.get(who, '/admin/abuse-signs')).status).toBe(403);
    expect((await lumi.get(who, '/events')).text).not.toContain('many-targets');
  });

  it('is no reason to refuse an exchange, whatever is in the report', async () => {
    expect(
      await send(null, 'x', sign('invented', 'prx_a'), sign('many-targets', ''), sign('many-targets', 'a\u0000')),
    ).toBe(200);
    expect(await list()).toEqual([]);
  });

  it('keeps at most 1,000 of a sign in an hour, and takes 100 with one exchange', async () => {
    const addresses = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => sign('login-guessing', `192.0.2.${String(from + n)}`));
    await send(...addresses(0, 101));
    const count = async (): Promise<unknown> =>
      (await lumi.service.db.pool.query('SELECT count(*)::int AS count FROM proxy.abuse_sign')).rows[0];
    expect(await count()).toEqual({ count: 100 });
    for (let n = 1; n < 11; n += 1) await send(...addresses(n * 1_000, 99));
    expect(await count()).toEqual({ count: 1_000 });
    await send(sign('refused-ports', 'prx_a'));
    expect(await count()).toEqual({ count: 1_001 });
  });

  it('has them for 90 days, and they go in steps of few rows', async () => {
    await send(...Array.from({ length: 13 }, (_, n) => sign('many-targets', `prx_${String(n)}`)));
    await owner(
      lumi,
      `UPDATE proxy.abuse_sign SET at = now() - CASE who WHEN 'prx_0' THEN interval '89 days'
        ELSE interval '91 days' END`,
    );
    const step = async (): Promise<unknown> => [await forgetOldReports(lumi.deps(), 10), (await list()).length];
    expect([await step(), await step()]).toEqual([
      [true, 3],
      [false, 1],
    ]);
  });
});
