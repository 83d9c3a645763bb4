// What callers send, read in one way: addresses, subnets, countries, names, times.
import { FixedClock } from '@lumi/shared/runtime';
import { NOW, proxyTest } from './proxy-service';

const lumi = proxyTest(new FixedClock(NOW));

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('a time', () => {
  it('may be a day or any form of RFC 3339 wherever one is asked for', async () => {
    const who = await lumi.account();
    for (const time of ['2026-11-23', '2026-11-23t10:20:30z', '2026-11-23T10:20Z']) {
      expect([time, (await lumi.get(who, `/usage?from=${time}`)).status]).toEqual([time, 200]);
      expect([time, (await lumi.get(who, `/proxies?expires_before=${time}`)).status]).toEqual([time, 200]);
    }
    expect((await lumi.get(who, '/usage?from=2026-11-23&to=2026-11-24')).body).toMatchObject({ from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' });
    expect((await lumi.get(who, '/usage?from=0000-01-01')).status).toBe(422);
    const allowed = await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '192.0.2.1', expires_at: '2026-11-25t10:00z' });
    expect(allowed.body.expires_at).toBe('2026-11-25T10:00:00Z');
  });
});
