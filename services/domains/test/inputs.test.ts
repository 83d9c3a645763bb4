// How the service reads what callers send: names, contacts, hosts, keys, times, numbers.
import request from 'supertest';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}

const detailsOf = (answer: { body: { error: { details: unknown } } }) => answer.body.error.details;

describe('metadata', () => {
  it('is stored unchanged, or refused when a number would be rounded', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'numbers.test');
    const send = (body: string) =>
      request(t.app)
        .patch('/domains/numbers.test')
        .set({ ...t.as(who), 'content-type': 'application/json' })
        .send(body);
    expect(detailsOf(await send('{"metadata":{"invoice":12345678901234567890}}').expect(422))).toEqual([
      { path: 'invoice', message: 'is a number that cannot be kept exactly; send it as a string' },
    ]);
    await send('{"metadata":{"share":0.1234567890123456789}}').expect(422);
    expect(
      (await send('{"metadata":{"invoice":9007199254740991,"share":0.125,"text":"12345678901234567890"}}').expect(200))
        .body.metadata,
    ).toEqual({ invoice: 9007199254740991, share: 0.125, text: '12345678901234567890' });
  });
});

describe('a time', () => {
  it('may be a date or any RFC 3339 form in every time field, and is refused when no calendar or database has it', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at } = await bought(who, 'timely.test');
    for (const time of ['2020-11-27', '2020-11-27t10:20:30z', '2020-11-27T10:20Z']) {
      expect((await t.get(who, `/domains?created_after=${time}`).expect(200)).body.items).toHaveLength(1);
      await t.get(who, `/tlds?updated_since=${time}`).expect(200);
      await t.get(who, `/transactions?from=${time}`).expect(200);
    }
    for (const time of [
      '0000-01-01T00:00:00Z',
      '0000-01-01',
      '9999-12-31T23:59:59-01:00',
      '2026-02-30',
      'infinity',
      '',
    ]) {
      expect([time, (await t.get(who, `/domains?created_after=${encodeURIComponent(time)}`)).status]).toEqual([
        time,
        422,
      ]);
      expect([time, (await t.get(who, `/transactions?from=${encodeURIComponent(time)}`)).status]).toEqual([time, 422]);
    }
    expect((await t.get(who, '/domains?created_after=9999-12-31T23:59:59Z').expect(200)).body.items).toEqual([]);
    const day = expires_at.slice(0, 10);
    expect(
      (
        await t
          .pay(who, '/domains/timely.test/renew', { current_expires_at: '2020-01-01', max_price_usd: '1' })
          .expect(409)
      ).body.error.code,
    ).toBe('expiry_mismatch');
    await t.pay(who, '/domains/timely.test/renew', { current_expires_at: day, max_price_usd: '1' }).expect(200);
    expect(
      (await t.pay(who, '/domains/timely.test/renew', { current_expires_at: day, max_price_usd: '1' }).expect(409)).body
        .error.code,
    ).toBe('expiry_mismatch');
  });
});

describe('PUT /domains/{domain}/hosts/{host}', () => {
  const put = (who: Who, host: string, ips: readonly string[]) =>
    t.put(who, `/domains/nsx.test/hosts/${encodeURIComponent(host)}`, { ips });

  it('completes a single label, and takes a name with dots as a whole name', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'nsx.test');
    for (const [asked, host] of [
      ['ns1', 'ns1.nsx.test'],
      ['NS1.nsx.test', 'ns1.nsx.test'],
      ['ns2.nsx.test.', 'ns2.nsx.test'],
      ['a.b.nsx.test', 'a.b.nsx.test'],
      ['nsx.test', 'nsx.test'],
    ] as const) {
      expect((await put(who, asked, ['192.0.2.1']).expect(200)).body.host).toBe(host);
    }
    expect(
      (await t.get(who, '/domains/nsx.test/hosts').expect(200)).body.items
        .map(({ host }: { host: string }) => host)
        .sort(),
    ).toEqual(['a.b.nsx.test', 'ns1.nsx.test', 'ns2.nsx.test', 'nsx.test']);
    for (const elsewhere of ['ns1.eu', 'ns1.example.net', 'xnsx.test', 'ns1.', '-ns1', 'ns_1']) {
      expect(detailsOf(await put(who, elsewhere, ['192.0.2.1']).expect(422))).toEqual([
        { path: 'host', message: expect.stringContaining('one label') as string },
      ]);
      await t.get(who, `/domains/nsx.test/hosts/${elsewhere}`).expect(404);
    }
  });

  it('takes public addresses, and stores each in its canonical spelling', async () => {
    const who = await t.account({ balance: '20' });
    const give = (host: string, ips: readonly string[]) => t.put(who, `/domains/glue.test/hosts/${host}`, { ips });
    await bought(who, 'glue.test');
    expect((await give('ns1', ['8.8.8.8', '2001:DB8:0:0:1::1', '::ffff:192.0.2.1']).expect(200)).body.ips).toEqual([
      '8.8.8.8',
      '2001:db8::1:0:0:1',
      '192.0.2.1',
    ]);
    expect(detailsOf(await give('ns1', ['192.0.2.1', '10.0.0.1']).expect(422))).toEqual([
      { path: 'ips.1', message: expect.stringContaining('public') as string },
    ]);
    for (const ip of [
      'fe80::1%eth0',
      'fe80::1',
      '127.0.0.1',
      '::7f00:1',
      'fd00::1',
      '100.64.0.1',
      '1.2.3',
      '01.2.3.4',
      '2130706433',
      '',
      'ns1.glue.test',
    ]) {
      expect([ip, (await give('ns1', [ip])).status]).toEqual([ip, 422]);
    }
    await give('ns1', ['2001:db8::1', '2001:db8:0::1']).expect(422);
  });
});

describe('name servers under the domain itself', () => {
  it('require their addresses first, in every request that names them', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'nsz.test');
    const nameservers = ['ns1.nsz.test', 'ns1.example.net', 'ns2.nsz.test'];
    await t.put(who, '/domains/nsz.test/hosts/ns1', { ips: ['192.0.2.1'] }).expect(200);
    const missing = [{ path: 'nameservers.2', message: expect.stringContaining('ns2.nsz.test') as string }];
    expect(detailsOf(await t.put(who, '/domains/nsz.test/nameservers', { nameservers }).expect(422))).toEqual(missing);
    const many = await t.post(who, '/domains/bulk-update', { domains: ['nsz.test'], set: { nameservers } }).expect(200);
    expect(many.body.items[0].error).toMatchObject({ code: 'validation_error', details: missing });
    expect(
      detailsOf(await t.buy(who, { domain: 'nsy.test', nameservers: ['ns1.example.net', 'ns.nsy.test'] }).expect(422)),
    ).toEqual([{ path: 'nameservers.1', message: expect.stringContaining('ns.nsy.test') as string }]);
    await t
      .pay(who, '/transfers', {
        domain: 'elsewhere-ns.test',
        auth_code: 'right-code',
        nameservers: ['ns1.elsewhere-ns.test', 'ns2.example.net'],
      })
      .expect(422);
    await t.put(who, '/domains/nsz.test/hosts/ns2', { ips: ['192.0.2.2'] }).expect(200);
    expect((await t.put(who, '/domains/nsz.test/nameservers', { nameservers }).expect(200)).body.nameservers).toEqual(
      nameservers,
    );
  });
});

describe('a domain name', () => {
  it('is bought exactly as written, or refused', async () => {
    const who = await t.account({ balance: '50' });
    const names = [
      '☕lumi.com',
      'надвор’е.com',
      'lu\u200bmi.com',
      'lu\u00admi.test',
      'xn--lumi-w76a.com',
      'cafe\u0301.com',
      'ſhop.com',
      '1.2.3.4',
      'ab--cd.test',
      'lumi.test',
      'ＬＵＭＩ.test',
      'Lumi.TEST.',
      ' lumi.test ',
      'münchen.com',
      'надворʼе.com',
      'lumi.nosuchtld',
    ];
    const { items } = (await t.post(who, '/domains/check', { domains: names }).expect(200)).body as {
      items: { domain: string; status: string; orderable: boolean; reason: string | null }[];
    };
    expect(items.map(({ domain, status }) => [domain, status])).toEqual([
      ...names.slice(0, 9).map((name) => [name, 'invalid']),
      ...Array.from({ length: 4 }, () => ['lumi.test', 'available']),
      ['xn--mnchen-3ya.com', 'available'],
      [expect.stringMatching(/^xn--.*\.com$/), 'unsupported'],
      ['lumi.nosuchtld', 'unsupported'],
    ]);
    for (const name of [...names.slice(0, 9), ...names.slice(-2)]) {
      expect([name, detailsOf(await t.buy(who, { domain: name, max_price_usd: '20' }).expect(422))]).toEqual([
        name,
        [{ path: 'domain', message: expect.any(String) as string }],
      ]);
    }
    expect((await bought(who, 'ＬＵＭＩ.test.')).domain).toBe('lumi.test');
    expect((await t.get(who, `/domains/${encodeURIComponent('Lumi.test.')}`).expect(200)).body.domain).toBe(
      'lumi.test',
    );
    await t.get(who, `/domains/${encodeURIComponent('lu\u200bmi.test')}`).expect(404);
  });

  it('is read in the same way when it is a name server', async () => {
    const who = await t.account({ balance: '50' });
    await bought(who, 'served.test');
    const put = (nameservers: readonly string[]) => t.put(who, '/domains/served.test/nameservers', { nameservers });
    expect((await put(['NS1.Example.net.', 'ns1.münchen.de']).expect(200)).body.nameservers).toEqual([
      'ns1.example.net',
      'ns1.xn--mnchen-3ya.de',
    ]);
    for (const bad of [
      '192.0.2.1',
      'ns1',
      'ns_1.example.net',
      'ns\u200b1.example.net',
      '-.example.net',
      '2001:db8::1',
      '☕.example.net',
    ]) {
      expect([bad, detailsOf(await put(['ns1.example.net', bad]).expect(422))]).toEqual([
        bad,
        [{ path: 'nameservers.1', message: expect.stringContaining('host name') as string }],
      ]);
    }
    await put(['ns1.example.net', 'NS1.example.net.']).expect(422);
  });
});

describe('a DNSSEC key', () => {
  it('is accepted only when resolvers can use it; its DS record goes to the registry after that check', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'signed.test');
    const put = (algorithm: number, key: string) =>
      t.put(who, '/domains/signed.test/dnssec', {
        mode: 'external',
        keys: [{ flags: 257, algorithm, public_key: key }],
      });
    for (const [algorithm, key] of [
      [13, Buffer.alloc(30, 7).toString('base64')],
      [13, Buffer.alloc(64, 7).toString('base64')],
      [14, Buffer.alloc(64, 7).toString('base64')],
      [15, Buffer.alloc(31, 7).toString('base64')],
      [15, Buffer.alloc(32).toString('base64')],
      [8, 'AQ=='],
      [13, 'AQ'],
    ] as const) {
      expect([key, detailsOf(await put(algorithm, key).expect(422))]).toEqual([
        key,
        [{ path: 'keys.0.public_key', message: expect.any(String) as string }],
      ]);
    }
    expect((await t.get(who, '/domains/signed.test/dnssec').expect(200)).body.ds).toEqual([]);
    // RFC 6605, section 6.1
    await put(13, 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==').expect(
      200,
    );
  });
});
