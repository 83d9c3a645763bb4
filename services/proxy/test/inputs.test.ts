// How the service reads what callers send: addresses, subnets, countries, names, times.
import { FixedClock } from '@lumi/shared/runtime';
import { NOW, proxyTest } from './proxy-service';

const lumi = proxyTest(new FixedClock(NOW));

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('a time', () => {
  it('may be a date or any RFC 3339 form in every time field', async () => {
    const who = await lumi.account();
    for (const time of ['2026-11-23', '2026-11-23t10:20:30z', '2026-11-23T10:20Z']) {
      expect([time, (await lumi.get(who, `/usage?from=${time}`)).status]).toEqual([time, 200]);
      expect([time, (await lumi.get(who, `/proxies?expires_before=${time}`)).status]).toEqual([time, 200]);
    }
    expect((await lumi.get(who, '/usage?from=2026-11-23&to=2026-11-24')).body).toMatchObject({
      from: '2026-11-23T00:00:00Z',
      to: '2026-11-24T00:00:00Z',
    });
    expect((await lumi.get(who, '/usage?from=0000-01-01')).status).toBe(422);
    const allowed = await lumi.send(who, 'post', '/allowlist', {
      ip_or_cidr: '192.0.2.1',
      expires_at: '2026-11-25t10:00z',
    });
    expect(allowed.body.expires_at).toBe('2026-11-25T10:00:00Z');
  });
});

describe('an address', () => {
  it('is shown in its canonical spelling and found in every spelling', async () => {
    const { who, body } = await lumi.buyer({
      product_id: 'ipv6',
      items: [{ country: 'XA', quantity: 3 }],
      period_days: 30,
    });
    const { items } = (await lumi.get(who, '/proxies')).body as {
      items: { id: string; exit_ip: string; subnet: string }[];
    };
    const [first] = items;
    if (first === undefined) throw new Error('no proxy');
    const { exit_ip: shown } = first;
    for (const item of items)
      expect([
        new URL(`http://[${item.exit_ip}]/`).hostname,
        `${new URL(`http://[${item.subnet.slice(0, -3)}]/`).hostname}`,
      ]).toEqual([`[${item.exit_ip}]`, `[${item.subnet.slice(0, -3)}]`]);
    expect(body.proxies.map((proxy) => proxy.exit_ip).sort()).toEqual(items.map((item) => item.exit_ip).sort());
    for (const spelling of [
      shown,
      shown.toUpperCase(),
      shown.replace('::', ':0000::'),
      shown.replace('2001:db8', '2001:0db8'),
    ]) {
      const found = await lumi.get(who, `/proxies?ip=${encodeURIComponent(spelling)}`);
      expect([spelling, found.status, (found.body.items as { id: string }[] | undefined)?.map(({ id }) => id)]).toEqual(
        [spelling, 200, [first.id]],
      );
    }
    expect((await lumi.get(who, `/proxies?q=${encodeURIComponent(shown)}`)).body.items).toHaveLength(1);
    for (const nonsense of ['abc', '1.2.3', 'fe80::1%25eth0', ''])
      expect([nonsense, (await lumi.get(who, `/proxies?ip=${nonsense}`)).status]).toEqual([nonsense, 422]);
  });

  it('is found by every block that contains it', async () => {
    const { who } = await lumi.buyer({ product_id: 'ipv4', items: [{ country: 'XA', quantity: 3 }], period_days: 30 });
    const { items } = (await lumi.get(who, '/proxies')).body as {
      items: { id: string; exit_ip: string; subnet: string }[];
    };
    const ids = items.map(({ id }) => id);
    const idsIn = async (subnet: string) =>
      ((await lumi.get(who, `/proxies?subnet=${encodeURIComponent(subnet)}`)).body.items as { id: string }[]).map(
        ({ id }) => id,
      );
    const [a = '', b = ''] = (items[0]?.exit_ip ?? '').split('.');
    expect(await idsIn(`${a}.${b}.0.0/16`)).toEqual(ids);
    expect(await idsIn(`${a}.${b}.7.7/16`)).toEqual(ids);
    expect(await idsIn('0.0.0.0/0')).toEqual(ids);
    expect(await idsIn(items[1]?.subnet ?? '')).toEqual([ids[1]]);
    expect(await idsIn(`${items[1]?.exit_ip ?? ''}`)).toEqual([ids[1]]);
    expect(await idsIn('10.0.0.0/8')).toEqual([]);
    expect(await idsIn('::/0')).toEqual([]);
    for (const nonsense of ['abc', '240.192.0.0/33', '240.192/16', '/16', ''])
      expect([nonsense, (await lumi.get(who, `/proxies?subnet=${encodeURIComponent(nonsense)}`)).status]).toEqual([
        nonsense,
        422,
      ]);
    const replaced = await lumi.pay(who, '/proxies/replace?dry_run=true', { select: { subnet: `${a}.${b}.0.0/16` } });
    expect([replaced.status, (replaced.body.removed as string[]).sort()]).toEqual([200, [...ids].sort()]);
    expect((await lumi.pay(who, '/proxies/replace?dry_run=true', { select: { subnet: 'abc' } })).status).toBe(422);
  });

  it('is one entry of an allow-list in every spelling', async () => {
    const who = await lumi.account();
    const first = await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '2001:DB8:0:1C::1' });
    const again = await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '2001:db8:0:1c:0:0:0:1/128' });
    expect([first.status, again.status, first.body.ip_or_cidr, again.body.id]).toEqual([
      201,
      200,
      '2001:db8:0:1c::1',
      first.body.id,
    ]);
    expect((await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '::ffff:192.0.2.77' })).body.ip_or_cidr).toBe(
      '192.0.2.77',
    );
    expect((await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '192.0.2.77/24' })).body.ip_or_cidr).toBe(
      '192.0.2.0/24',
    );
    for (const bad of ['fe80::1%eth0', '10.0.0.0/8', '2001::/16', '::ffff:10.0.0.0/104', '1.2.3', 'example.com'])
      expect([bad, (await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: bad })).status]).toEqual([bad, 422]);
  });
});

describe('a country', () => {
  it('is a code of ISO 3166-1, or one that the standard reserves for users, in any case', async () => {
    const { who, body } = await lumi.buyer({
      product_id: 'ipv4',
      items: [{ country: 'de', quantity: 1 }],
      period_days: 30,
    });
    expect(body.proxies).toMatchObject([{ country: 'DE' }]);
    expect((await lumi.get(who, '/proxies?country=de')).body.items).toHaveLength(1);
    expect((await lumi.get(who, '/products/ipv4/locations?country=xs')).body.items).toMatchObject([{ code: 'XS' }]);
    for (const path of ['/proxies?country=UK', '/products/ipv4/locations?country=EU'])
      expect((await lumi.get(who, path)).body.error).toMatchObject({
        code: 'validation_error',
        details: [{ path: 'country' }],
      });
    expect(
      (
        await lumi.send(who, 'post', '/orders?dry_run=true', {
          product_id: 'ipv4',
          items: [
            { country: 'de', quantity: 1 },
            { country: 'DE', quantity: 1 },
          ],
          period_days: 30,
        })
      ).body.error,
    ).toMatchObject({ code: 'validation_error', details: [{ path: 'items' }] });
  });
});

describe('a label', () => {
  it('is one line with at least one visible character', async () => {
    const { who } = await lumi.buyer({
      product_id: 'ipv4',
      items: [{ country: 'DE', quantity: 1 }],
      period_days: 30,
      label: ' shop ',
    });
    const { items } = (await lumi.get(who, '/proxies')).body as { items: { id: string; label: string }[] };
    expect(items).toMatchObject([{ label: 'shop' }]);
    for (const label of [' ', '\u200b', 'a\nb'])
      expect((await lumi.send(who, 'patch', `/proxies/${items[0]?.id ?? ''}`, { label })).body.error).toMatchObject({
        code: 'validation_error',
        details: [{ path: 'label' }],
      });
  });
});

describe('a blocked domain of a sub-user', () => {
  it('is checked like every other domain name', async () => {
    const who = await lumi.account({ balance: '100' });
    const plan = await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 5 });
    const create = (domains_block: readonly string[]) =>
      lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan.body.plan.id as string, domains_block });
    const made = await create(['xn--e1afmkfd.xn--p1ai', 'Пример.рф', 'Example.COM.', 'münchen.de']);
    expect([made.status, made.body.domains_block]).toEqual([
      201,
      ['xn--e1afmkfd.xn--p1ai', 'example.com', 'xn--mnchen-3ya.de'],
    ]);
    for (const bad of [
      '1.2.3.4',
      'localhost',
      'a_b.com',
      'ex\u200bample.com',
      '*.example.com',
      'http://example.com',
      '',
    ]) {
      expect([bad, (await create([bad])).body.error?.details]).toEqual([
        bad,
        [{ path: 'domains_block.0', message: expect.stringContaining('host name') as string }],
      ]);
    }
  });
});
