// Managing proxies: rotation, credentials, allow-lists, changes, export.
import { FixedClock } from '@lumi/shared/runtime';
import { pushAccess } from '../src/jobs/push-access';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const MOBILE = { product_id: 'mobile', items: [{ country: 'XA', quantity: 1 }], period_days: 3 };

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('POST /proxies/{id}/rotate', () => {
  it('changes the address, and refuses a second change during the cooldown', async () => {
    const { who, body } = await lumi.buyer(MOBILE);
    const proxy = body.proxies[0]?.id ?? '';
    const first = await lumi.send(who, 'post', `/proxies/${proxy}/rotate`);
    expect(first.body).toMatchObject({
      old_ip: body.proxies[0]?.exit_ip,
      changed: true,
      cooldown_until: '2026-11-24T12:01:00Z',
    });
    clock.advance(20_500);
    const early = await lumi.send(who, 'post', `/proxies/${proxy}/rotate`);
    expect([early.status, early.body.error.code, early.headers['retry-after']]).toEqual([429, 'rate_limited', '40']);
    clock.advance(40_000);
    expect((await lumi.send(who, 'post', `/proxies/${proxy}/rotate`)).body.old_ip).toBe(first.body.new_ip);
    clock.advance(60_000);
    await lumi.send(who, 'patch', `/proxies/${proxy}`, { label: 'sandbox:same-ip' });
    expect((await lumi.send(who, 'post', `/proxies/${proxy}/rotate`)).body.changed).toBe(false);
  });

  it('rotates once when several callers ask at the same moment', async () => {
    const { who, body } = await lumi.buyer(MOBILE);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => lumi.send(who, 'post', `/proxies/${body.proxies[0]?.id ?? ''}/rotate`)),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 429 && answer.headers['retry-after'] === '60')).toHaveLength(4);
  });

  it('ends as the label says, and resets the cooldown when it is refused', async () => {
    const { who, body } = await lumi.buyer({ ...MOBILE, label: 'sandbox:ok' });
    const proxy = body.proxies[0]?.id ?? '';
    await lumi.send(who, 'patch', `/proxies/${proxy}`, { label: 'sandbox:refuse' });
    expect((await lumi.send(who, 'post', `/proxies/${proxy}/rotate`)).body.error.code).toBe('supplier_error');
    await lumi.send(who, 'patch', `/proxies/${proxy}`, { label: 'sandbox:timeout-after' });
    const unknown = await lumi.send(who, 'post', `/proxies/${proxy}/rotate`);
    expect(unknown.status).toBe(202);
    expect((await lumi.get(who, `/operations/${unknown.body.id}`)).body).toMatchObject({
      kind: 'proxy_rotate',
      subject: proxy,
      state: 'processing',
    });
    await lumi.recover(1);
    expect((await lumi.get(who, `/operations/${unknown.body.id}`)).body.state).toBe('completed');
    expect((await lumi.get(who, `/proxies/${proxy}`)).body.exit_ip).not.toBe(body.proxies[0]?.exit_ip);
    expect(await lumi.executed(unknown.body.id)).toHaveLength(1);
  });

  it('is refused when the product keeps its address', async () => {
    const { who, body } = await lumi.buyer();
    expect((await lumi.send(who, 'post', `/proxies/${body.proxies[0]?.id ?? ''}/rotate`)).body.error.code).toBe(
      'state_conflict',
    );
    expect(
      (await lumi.send(who, 'put', `/proxies/${body.proxies[0]?.id ?? ''}/rotation`, { interval_s: 600 })).body.error
        .code,
    ).toBe('state_conflict');
  });

  it('can be set to an interval at which the network rotates', async () => {
    const { who, body } = await lumi.buyer(MOBILE);
    const path = `/proxies/${body.proxies[0]?.id ?? ''}/rotation`;
    expect((await lumi.send(who, 'put', path, { interval_s: 119 })).body.error.code).toBe('validation_error');
    expect((await lumi.send(who, 'put', path, { interval_s: 600 })).body.rotation).toMatchObject({
      mode: 'interval',
      interval_s: 600,
    });
    expect((await lumi.send(who, 'put', path, { interval_s: null })).body.rotation).toMatchObject({
      mode: 'on_demand',
      interval_s: null,
    });
  });
});

describe('credentials', () => {
  it('are shown once when they change, and the old pair works for its grace period', async () => {
    const { who, body } = await lumi.buyer();
    const proxy = body.proxies[0]?.id ?? '';
    const before = (await lumi.get(who, `/proxies/${proxy}?reveal=1`)).body;
    const changed = await lumi.send(who, 'put', `/proxies/${proxy}/credentials`, { username: 'fresh', grace_s: 600 });
    expect(changed.body).toMatchObject({ username: 'fresh', old_credentials_until: '2026-11-24T12:12:00Z' });
    expect(changed.body.password).toMatch(/^[A-Za-z0-9]{16}$/);
    expect((await lumi.get(who, `/proxies/${proxy}`)).body.password).toBe('********');
    const told: { username: string; until: Date | null }[] = [];
    const spy = jest.spyOn(lumi.deps().networks.get('sandbox'), 'applyAccess').mockImplementation((access) => {
      told.push(...access.filter((one) => one.subject === proxy).flatMap((one) => one.credentials));
      return Promise.resolve(access.map((one) => one.subject));
    });
    await pushAccess(lumi.deps());
    spy.mockRestore();
    expect(told).toEqual([
      { username: 'fresh', password: changed.body.password, until: null },
      { username: before.username, password: before.password, until: new Date(clock.nowMs() + 600_000) },
    ]);
    expect((await lumi.get(who, `/proxies/${proxy}`)).body.is_applied).toBe(true);
    const rotated = await lumi.send(who, 'post', `/proxies/${proxy}/credentials/rotate`, {});
    expect(rotated.body).toMatchObject({ username: 'fresh', old_credentials_until: null });
    expect(rotated.body.password).not.toBe(changed.body.password);
  });

  it('refuse an invalid user name or password', async () => {
    const { who, body } = await lumi.buyer();
    for (const wish of [
      { username: 'a b' },
      { password: 'short' },
      { password: 'has:colon-in-it' },
      { grace_s: 86_401 },
    ]) {
      expect((await lumi.send(who, 'put', `/proxies/${body.proxies[0]?.id ?? ''}/credentials`, wish)).status).toBe(422);
    }
  });
});

describe('allow-lists', () => {
  it('hold addresses of the account and of one proxy, without duplicates', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, auth: { mode: 'both' } });
    const proxy = body.proxies[0]?.id ?? '';
    const added = await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '203.0.113.0/24', label: 'office' });
    expect([added.status, added.body.ip_or_cidr]).toEqual([201, '203.0.113.0/24']);
    expect((await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '203.0.113.0/24' })).status).toBe(200);
    expect(
      (await lumi.send(who, 'post', `/proxies/${proxy}/allowlist`, { ip_or_cidr: '::ffff:198.51.100.9' })).body,
    ).toMatchObject({ ip_or_cidr: '198.51.100.9', proxy_id: proxy });
    for (const ip of ['10.0.0.0/8', 'nonsense', '1.2.3.4/33', '2000::/16', 'current'])
      expect((await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: ip })).status).toBe(422);
    await pushAccess(lumi.deps());
    const { rows } = await lumi.service.db.pool.query('SELECT blocks FROM proxy.sandbox_access WHERE subject = $1', [
      proxy,
    ]);
    expect(rows[0].blocks).toEqual(['203.0.113.0/24', '198.51.100.9']);
    expect((await lumi.send(who, 'delete', `/allowlist/${added.body.id}`)).body).toEqual({
      id: added.body.id,
      removed: true,
    });
    expect((await lumi.send(who, 'delete', `/allowlist/${added.body.id}`)).status).toBe(404);
    expect((await lumi.get(who, '/allowlist')).body.items).toEqual([]);
  });
});

describe('changes', () => {
  it('are made to one or many proxies; auto-renew requires the buy scope', async () => {
    const { who, body } = await lumi.buyer();
    const [first = '', second = ''] = body.proxies.map((proxy) => proxy.id);
    expect(
      (
        await lumi.send(who, 'patch', `/proxies/${first}`, {
          label: 'a',
          tags: ['x'],
          metadata: { n: 1 },
          protocol: 'socks5',
        })
      ).body,
    ).toMatchObject({ label: 'a', tags: ['x'], metadata: { n: 1 }, protocol: 'socks5' });
    expect((await lumi.send(who, 'patch', `/proxies/${first}`, { label: null })).body.label).toBeNull();
    const writer = await lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:write'] });
    expect((await lumi.send(writer, 'patch', `/proxies/${first}`, { auto_renew: true })).body.error.code).toBe(
      'forbidden_scope',
    );
    const bulk = await lumi.send(who, 'post', '/proxies/bulk-update', {
      proxy_ids: [second, 'prx_0000000000000000000000000'.slice(0, 28), first],
      change: { auto_renew: true },
    });
    expect(bulk.body).toMatchObject({
      total: 3,
      ok: 2,
      failed: 1,
      items: [
        { ref: second, status: 'ok' },
        { status: 'failed', error: { code: 'not_found' } },
        { ref: first, status: 'ok', result: { auto_renew: true } },
      ],
    });
    expect((await lumi.get(who, '/proxies?auto_renew=true&tag=x')).body.items).toHaveLength(1);
    expect(
      (
        await lumi.send(who, 'post', '/proxies/bulk-update', {
          proxy_ids: Array.from({ length: 501 }, () => first),
          change: { label: 'a' },
        })
      ).status,
    ).toBe(413);
  });

  it('pages by expiry without losing or repeating a proxy', async () => {
    const { who } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 5 }] });
    await lumi.pay(who, '/orders', { ...ORDER, period_days: 7 });
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await lumi.get(who, `/proxies?sort=expires_at&limit=2${cursor}`);
      expect(page.status).toBe(200);
      seen.push(...page.body.items.map((proxy: { id: string }) => proxy.id));
      cursor = page.body.next_cursor === null ? '' : `&cursor=${page.body.next_cursor}`;
    } while (cursor !== '');
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });
});

describe('GET /proxies/summary', () => {
  it('counts by state, type and country', async () => {
    const { who } = await lumi.buyer({
      ...ORDER,
      items: [
        { country: 'XA', quantity: 3 },
        { country: 'DE', quantity: 1 },
      ],
      auto_renew: true,
    });
    await lumi.pay(who, '/orders', MOBILE);
    expect((await lumi.get(who, '/proxies/summary')).body).toEqual({
      total: 5,
      by_state: { active: 4, expiring: 1 },
      by_type: { ipv4: 4, mobile: 1 },
      by_country: { XA: 4, DE: 1 },
      by_health: { unchecked: 5 },
      by_auto_renew: { true: 4, false: 1 },
      expiring: { within_7_days: 1, within_30_days: 1, within_60_days: 5, within_90_days: 5 },
    });
    expect((await lumi.get(await lumi.account(), '/proxies/summary')).body).toMatchObject({ total: 0, by_type: {} });
    const forecast = await lumi.get(who, '/forecast/renewals?days=31');
    expect([forecast.status, JSON.stringify(forecast.body)]).toEqual([200, expect.stringContaining('"6.80"')]);
  });
});

describe('GET /export', () => {
  it('writes lines, templates, URLs, CSV and JSON with passwords, and records each export', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { username: 'bob', password: 'p-ss.w_rd~1' },
      label: '=1+1',
    });
    const proxy = (await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body;
    const text = async (query: string): Promise<string> => (await lumi.get(who, `/export${query}`)).text;
    expect(await text('')).toBe(`${proxy.host}:${proxy.port}:bob:p-ss.w_rd~1\n`);
    expect(await text('?format=url&protocol=socks5')).toBe(
      `socks5://bob:p-ss.w_rd~1@${proxy.host}:${proxy.port_socks}\n`,
    );
    expect(await text(`?template=${encodeURIComponent('{user}:{pass}@{ip} {country}')}`)).toBe(
      `bob:p-ss.w_rd~1@${proxy.exit_ip} XA\n`,
    );
    expect(await text('?format=csv')).toContain(",'=1+1,");
    expect(JSON.parse(await text('?format=json')).items).toMatchObject([
      { id: proxy.id, user: 'bob', pass: 'p-ss.w_rd~1' },
    ]);
    expect((await lumi.get(who, '/export?template={host}{secret}')).body.error.code).toBe('validation_error');
    expect(await text('?country=DE')).toBe('');
    const { rows } = await lumi.service.db.pool.query(
      "SELECT count(*)::int AS count FROM proxy.reveal WHERE account_id = $1 AND route = 'export-proxies'",
      [who.accountId],
    );
    expect(rows[0].count).toBe(5);
  });
});
