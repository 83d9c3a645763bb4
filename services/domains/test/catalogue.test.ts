// TLDs and availability.
import { forgetPriceChanges } from '../src/jobs/forget-price-changes';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();
let who: Who;
beforeAll(async () => {
  who = await t.account();
});

const check = async (domains: string[], years?: number) =>
  (await t.post(who, '/domains/check', { domains, ...(years === undefined ? {} : { years }) }).expect(200)).body
    .items as Record<string, unknown>[];

describe('GET /tlds', () => {
  it('lists TLDs with prices as strings and the rules of their registries', async () => {
    const { body } = await t.get(who, '/tlds').expect(200);
    expect(body.items.map(({ tld }: { tld: string }) => tld)).toEqual([
      'ai',
      'app',
      'co.uk',
      'com',
      'de',
      'dev',
      'io',
      'net',
      'org',
      'test',
      'xyz',
    ]);
    expect((await t.get(who, '/tlds/COM').expect(200)).body).toMatchObject({
      tld: 'com',
      years: { min: 1, max: 10 },
      prices: { register_usd: '10.44', restore_usd: '80.00', trade_usd: null },
      grace: { add_days: 5, auto_renew_days: 45, redemption_days: 30, pending_delete_days: 5 },
      dnssec: { mode: 'ds' },
    });
    await t.get(who, '/tlds/nope').expect(404);
  });

  it('pages through the TLDs and filters them', async () => {
    const first = (await t.get(who, '/tlds?limit=4')).body;
    expect((await t.get(who, `/tlds?limit=4&cursor=${first.next_cursor}`)).body.items[0].tld).toBe('de');
    expect((await t.get(who, '/tlds?op=trade')).body.items.map(({ tld }: { tld: string }) => tld)).toEqual(['co.uk']);
    expect((await t.get(who, '/tlds?category=sandbox')).body.items).toHaveLength(1);
    expect((await t.get(who, '/tlds?q=o&updated_since=2999-01-01T00:00:00Z')).body.items).toEqual([]);
  });
});

describe('POST /domains/check', () => {
  it('answers one item for each name, in the order sent, for valid and invalid names', async () => {
    const names = [
      'free.com',
      'TAKEN-x.test',
      'reserved-x.test',
      'premium-x.test',
      'check-fails-x.test',
      'not a name',
      'a.b.com',
      'x.nowhere',
      'münchen.de',
      'пример.com',
      'пpимер.com',
      'ü.io',
      'xn--zzzzzzzz.com',
      'com',
      'free.com',
    ];
    const items = await check(names);
    expect(items.map(({ domain, status }) => [domain, status])).toEqual([
      ['free.com', 'available'],
      ['taken-x.test', 'taken'],
      ['reserved-x.test', 'reserved'],
      ['premium-x.test', 'available'],
      ['check-fails-x.test', 'unknown'],
      ['not a name', 'invalid'],
      ['a.b.com', 'invalid'],
      ['x.nowhere', 'unsupported'],
      ['xn--mnchen-3ya.de', 'available'],
      ['xn--e1afmkfd.com', 'available'],
      [expect.stringMatching(/^xn--/), 'unsupported'],
      [expect.stringMatching(/^xn--/), 'unsupported'],
      ['xn--zzzzzzzz.com', 'invalid'],
      ['com', 'invalid'],
      ['free.com', 'available'],
    ]);
    expect(items[0]).toMatchObject({
      orderable: true,
      price_usd: '10.44',
      prices: { renew_usd: '10.44' },
      years: 1,
      source: 'registry',
    });
    expect(items[3]).toMatchObject({ premium: true, price_usd: '250.00' });
    expect(items[4]).toMatchObject({ orderable: false, price_usd: null, prices: null });
    expect(items[8]).toMatchObject({ unicode: 'münchen.de' });
  });

  it('prices several years as the first at the registration price and the others at the renewal price', async () => {
    const [item] = await check(['several.org'], 3);
    expect(item).toMatchObject({ years: 3, price_usd: '28.96' });
    expect((await check(['x.de'], 2))[0]).toMatchObject({ orderable: false, years: null, price_usd: null });
  });

  it('takes 500 names and refuses 501', async () => {
    const names = Array.from({ length: 501 }, (_, i) => `many-${String(i)}.com`);
    expect(await check(names.slice(0, 500))).toHaveLength(500);
    expect((await t.post(who, '/domains/check', { domains: names }).expect(413)).body.error.code).toBe(
      'batch_too_large',
    );
    await t.post(who, '/domains/check', { domains: [] }).expect(422);
    await t.post(who, '/domains/check', { domains: 'x.com' }).expect(422);
  });

  it('has a short form for one name', async () => {
    expect((await t.get(who, '/domains/check?domain=free.test&years=2').expect(200)).body).toMatchObject({
      domain: 'free.test',
      status: 'available',
      price_usd: '2.00',
    });
    await t.get(who, '/domains/check').expect(422);
  });
});

it('publishes a document that declares every endpoint', async () => {
  const { body } = await t.get(who, '/internal/openapi.json').expect(200);
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(['/tlds', '/domains', '/domains/{domain}/renew', '/contacts/{id}']),
  );
  expect(body.paths['/domains'].post).toMatchObject({ 'x-lumi-scope': 'domains:buy', 'x-lumi-class': 'money' });
});

describe('POST /domains/suggest', () => {
  const suggest = async (body: Record<string, unknown>) =>
    (await t.post(who, '/domains/suggest', body).expect(200)).body.items as {
      domain: string;
      status: string;
      orderable: boolean;
    }[];
  const namesOf = async (body: Record<string, unknown>) => (await suggest(body)).map(({ domain }) => domain);

  it('suggests the nearest names first: as written, with hyphens, in plural, under the other TLDs', async () => {
    const names = await namesOf({ query: 'Blue Bakery', tlds: ['test', 'com'], limit: 50 });
    expect(names.slice(0, 4)).toEqual(['bluebakery.test', 'bluebakery.com', 'blue-bakery.test', 'blue-bakery.com']);
    expect(names).toEqual(expect.arrayContaining(['blue-bakeries.com', 'bakeryblue.test', 'getbluebakery.test']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('takes a name, or the address of a page, for its label and its TLD', async () => {
    const names = await namesOf({ query: 'https://www.my-boxes.com/shop?x=1', tlds: ['test', 'com'], limit: 50 });
    expect(names.slice(0, 3)).toEqual(['my-boxes.com', 'my-boxes.test', 'myboxes.com']);
    expect(names).toContain('mybox.test');
  });

  it('looks in all TLDs by their renewal price when none is given, and in those that take the script', async () => {
    const names = await namesOf({ query: 'молоко', only_available: false, limit: 50 });
    expect(names).toEqual(['com', 'org', 'net', 'xyz', 'test'].map((tld) => `xn--j1abcibb.${tld}`));
  });

  it('calls no name available whose registry did not say so', async () => {
    const all = await suggest({ query: 'check-fails', tlds: ['test'], only_available: false });
    expect(all[0]).toMatchObject({ domain: 'check-fails.test', status: 'unknown', orderable: false });
    const taken = await suggest({ query: 'taken', tlds: ['test'], only_available: false, limit: 1 });
    expect(taken[0]).toMatchObject({ domain: 'taken.test', status: 'taken' });
    for (const query of ['check-fails', 'taken'])
      expect((await suggest({ query, tlds: ['test'] })).every(({ status }) => status === 'available')).toBe(true);
  });

  it.each([
    [{ query: '' }, 'query'],
    [{ query: ' -- ' }, 'query'],
    [{ query: 'a', tlds: ['nope'] }, 'tlds.0'],
    [{ query: 'a', limit: 51 }, 'limit'],
  ])('refuses %j by the name of the field', async (body, path) => {
    const { body: answer } = await t.post(who, '/domains/suggest', body).expect(422);
    expect(answer.error).toMatchObject({ code: 'validation_error', details: [{ path }] });
  });
});

describe('GET /prices/changes', () => {
  it('lists each price that an operator changed, newest first, and what was changed since', async () => {
    const list = async (query = '') => (await t.get(who, `/prices/changes${query}`).expect(200)).body.items as object[];
    expect(await list()).toEqual([]);
    await t.owner.query(`UPDATE domains.tld SET renew = 20000, trade = 5000 WHERE tld = 'xyz'`);
    await t.owner.query(`UPDATE domains.tld SET renew = 20000, privacy = false WHERE tld = 'xyz'`); // the same price
    const first = await list();
    expect(first).toMatchObject([
      { tld: 'xyz', operation: 'trade', old_usd: null, new_usd: '0.50' },
      { tld: 'xyz', operation: 'renew', old_usd: '12.98', new_usd: '2.00' },
    ]);
    await t.owner.query(`UPDATE domains.tld SET register = 1 WHERE tld = 'net'`);
    expect(await list('?limit=1')).toMatchObject([{ tld: 'net', operation: 'register', new_usd: '0.0001' }]);
    expect(await list('?tld=XYZ')).toEqual(first);
    expect(await list('?since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await list('?since=2026-01-01T00:00:00Z')).toHaveLength(3);
  });

  it('keeps a change for 400 days, and then deletes it in steps of few rows', async () => {
    await t.owner.query(`INSERT INTO domains.price_change (tld, operation, old_price, new_price, effective_at)
      SELECT 'old', 'renew', 1, 2, now() - CASE WHEN n = 1 THEN interval '399 days' ELSE interval '401 days' END
      FROM generate_series(1, 13) n`);
    const old = async () => (await t.get(who, '/prices/changes?tld=old').expect(200)).body.items.length as number;
    const step = () => forgetPriceChanges({ service: t.service }, 10);
    expect([await step(), await old()]).toEqual([true, 3]);
    expect([await step(), await old()]).toEqual([false, 1]);
  });
});
