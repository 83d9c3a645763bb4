// Existing domains: reading, renewing, changing, and who may see them.
import { parseUsd as usd } from '@lumi/shared/money';
import { sql } from '@lumi/shared/db';
import { stateAt, stateSql } from '../src/portfolio/lifecycle';
import { CONTACT, domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

const RANDOM = 'never-bought.test';

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}

describe('POST /domains/{domain}/renew', () => {
  it('adds the years to the expiry that the caller states, and charges their price', async () => {
    const who = await t.account({ balance: '10' });
    const before = await bought(who, 'renewed.test');
    const { body } = await t
      .pay(who, '/domains/renewed.test/renew', {
        years: 3,
        current_expires_at: before.expires_at,
        expected_price_usd: '3',
      })
      .expect(200);
    expect(new Date(body.expires_at).getUTCFullYear() - new Date(before.expires_at).getUTCFullYear()).toBe(3);
    expect(body.order).toMatchObject({ kind: 'domain_renew', state: 'completed', price_usd: '3.00' });
    expect((await t.get(who, '/domains/renewed.test')).body.expires_at).toBe(body.expires_at);
    expect((await t.balance(who.accountId)).posted).toBe(usd('6'));
  });

  it('refuses a renewal that was already done, also under another idempotency key', async () => {
    const who = await t.account({ balance: '10' });
    const { expires_at: current } = await bought(who, 'renewed-once.test');
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () =>
        t.pay(who, '/domains/renewed-once.test/renew', { current_expires_at: current }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status === 409))
      expect(body.error.code).toMatch(/^(expiry_mismatch|busy)$/);
    expect(
      (await t.pay(who, '/domains/renewed-once.test/renew', { current_expires_at: current }).expect(409)).body.error,
    ).toMatchObject({ code: 'expiry_mismatch', details: [{ path: 'current_expires_at' }] });
    expect((await t.balance(who.accountId)).posted).toBe(usd('8'));
  });

  it('accepts the same moment written with another offset', async () => {
    const who = await t.account();
    const { expires_at: current } = await bought(who, 'offset.test');
    const moved = `${new Date(Date.parse(current) + 2 * 3_600_000).toISOString().slice(0, 19)}+02:00`;
    await t.pay(who, '/domains/offset.test/renew', { current_expires_at: moved }).expect(200);
  });

  it('refuses to extend a domain beyond ten years from now, and refuses one in redemption', async () => {
    const who = await t.account({ balance: '50' });
    const { expires_at: current } = await bought(who, 'far.test', { years: 5 });
    expect(
      (await t.pay(who, '/domains/far.test/renew', { years: 6, current_expires_at: current }).expect(409)).body.error
        .code,
    ).toBe('state_conflict');
    await t.pay(who, '/domains/far.test/renew', { years: 5, current_expires_at: current }).expect(200);
    const late = await bought(who, 'late.test');
    t.clock.shiftDays(365 + 20);
    expect((await t.get(who, '/domains/late.test')).body).toMatchObject({
      state: 'expired_grace',
      can: { renew: { allowed: true } },
    });
    await t.pay(who, '/domains/late.test/renew', { current_expires_at: late.expires_at }).expect(200);
    const lost = await bought(who, 'lost.test');
    t.clock.shiftDays(365 + 60);
    expect(
      (await t.pay(who, '/domains/lost.test/renew', { current_expires_at: lost.expires_at }).expect(409)).body.error
        .code,
    ).toBe('state_conflict');
    expect((await t.get(who, '/domains/lost.test')).body).toMatchObject({
      state: 'redemption',
      can: { renew: { allowed: false }, restore: { allowed: true, price_usd: '5.00' } },
    });
  });

  it('settles a renewal by recovery when the registry did not answer', async () => {
    const who = await t.account({ balance: '10' });
    const { expires_at: current } = await bought(who, 'renew-timeout-after-success-a.test');
    const key = 'renew-timeout-key';
    await t
      .pay(who, '/domains/renew-timeout-after-success-a.test/renew', { current_expires_at: current }, key)
      .expect(202);
    await t.recover();
    const { body } = await t
      .pay(who, '/domains/renew-timeout-after-success-a.test/renew', { current_expires_at: current }, key)
      .expect(200);
    expect((await t.get(who, '/domains/renew-timeout-after-success-a.test')).body.expires_at).toBe(body.expires_at);
    expect((await t.balance(who.accountId)).posted).toBe(usd('8'));
    const refused = await bought(who, 'renew-refused-a.test');
    await t.pay(who, '/domains/renew-refused-a.test/renew', { current_expires_at: refused.expires_at }).expect(502);
    expect((await t.balance(who.accountId)).posted).toBe(usd('7'));
  });

  it('sells a lapsed name to the next buyer; its former holder then gets 404', async () => {
    const [first, second] = [await t.account(), await t.account()];
    await bought(first, 'lapsed.test');
    t.clock.shiftDays(365 + 45 + 30 + 6);
    expect((await t.get(first, '/domains/lapsed.test')).body.state).toBe('released');
    await bought(second, 'lapsed.test');
    await t.get(first, '/domains/lapsed.test').expect(404);
    expect(
      (await t.get(first, '/domains?state=released')).body.items.map(({ domain }: { domain: string }) => domain),
    ).toEqual(['lapsed.test']);
    expect((await t.get(first, '/domains')).body.items).toEqual([]);
  });
});

describe('a domain of another account', () => {
  it('answers a domain of another account exactly like one that does not exist, on every path', async () => {
    const [owner, other] = [await t.account(), await t.account()];
    const contact = (await t.post(owner, '/contacts', CONTACT).expect(201)).body.id as string;
    await bought(owner, 'mine.test', { contact_id: contact });
    const as = (domain: string, id: string) => [
      t.get(other, `/domains/${domain}`),
      t.patch(other, `/domains/${domain}`, { locked: false }),
      t.put(other, `/domains/${domain}/nameservers`, { nameservers: ['ns1.example.net'] }),
      t.get(other, `/domains/${domain}/contacts`),
      t.put(other, `/domains/${domain}/contacts`, { registrant: id }),
      t.pay(other, `/domains/${domain}/renew`, { current_expires_at: '2027-01-01T00:00:00Z' }),
      t.get(other, `/contacts/${id}`),
      t.patch(other, `/contacts/${id}`, { city: 'Rome' }),
      t.remove(other, `/contacts/${id}`),
    ];
    const fixed = 'req_000000000000000000000000';
    const [foreign, random] = await Promise.all(
      [as('mine.test', contact), as(RANDOM, 'con_01k0000000000000000000000')].map((calls) =>
        Promise.all(calls.map((call) => call.set('x-request-id', fixed).expect(404))),
      ),
    );
    expect(foreign?.map(({ text }) => text)).toEqual(random?.map(({ text }) => text));
    expect(new Set(foreign?.map(({ text }) => text)).size).toBe(1);
    for (const nonsense of ['nonsense', 'a..b', '%00.test', 'x'.repeat(200)])
      await t.get(owner, `/domains/${nonsense}`).expect(404);
  });

  it('lets an operator read all domains and act for a named account', async () => {
    const [owner, operator] = [await t.account(), await t.operator()];
    await bought(owner, 'seen.test');
    await t.get(operator, '/domains/seen.test').expect(200);
    expect((await t.get(operator, `/domains?user_id=${owner.accountId}`)).body.items).toHaveLength(1);
    expect(
      (await t.buy(operator, { domain: 'for-them.test', user_id: owner.accountId }).expect(201)).body.domain.domain,
    ).toBe('for-them.test');
    await t.buy(operator, { domain: 'for-nobody.test' }).expect(422);
  });
});

describe('GET /domains', () => {
  it('pages in every order without losing or repeating a domain, and filters', async () => {
    const who = await t.account({ balance: '100' });
    for (let i = 0; i < 7; i += 1)
      await bought(who, `page-${String(i)}.test`, {
        years: 1 + (i % 3),
        auto_renew: i % 2 === 0,
        tags: i < 2 ? ['red'] : [],
        ...(i === 3 ? { reference: 'three' } : {}),
      });
    await bought(who, 'page-com.com', { contacts: { registrant: CONTACT } });
    const namesOf = async (query: string): Promise<string[]> => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await t.get(who, `/domains?limit=3&${query}${cursor}`).expect(200);
        seen.push(...body.items.map(({ domain }: { domain: string }) => domain));
        expect(body.has_more).toBe(body.next_cursor !== null);
        cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
      } while (cursor !== '');
      return seen;
    };
    const all = await namesOf('');
    expect(all).toHaveLength(8);
    expect(new Set(all).size).toBe(8);
    for (const sort of ['created_at', 'expires_at', 'domain'])
      expect((await namesOf(`sort=-${sort}`)).reverse()).toEqual(await namesOf(`sort=${sort}`));
    expect(await namesOf('sort=domain')).toEqual([...all].sort());
    expect(await namesOf('q=PAGE-1')).toEqual(['page-1.test']);
    expect(await namesOf('q=%25')).toEqual([]);
    expect(await namesOf('tld=com')).toEqual(['page-com.com']);
    expect((await namesOf('auto_renew=true')).sort()).toEqual([
      'page-0.test',
      'page-2.test',
      'page-4.test',
      'page-6.test',
    ]);
    expect(await namesOf('tag=red&sort=domain')).toEqual(['page-0.test', 'page-1.test']);
    expect(await namesOf('reference=three')).toEqual(['page-3.test']);
    expect(
      await namesOf(`expires_before=${encodeURIComponent(new Date(t.clock.nowMs() + 370 * 86_400_000).toISOString())}`),
    ).toHaveLength(4);
    expect(await namesOf('state=active,on_hold')).toHaveLength(8);
    expect(await namesOf('state=redemption')).toEqual([]);
  });

  it('refuses in the same way cursors that were changed or belong to another account, filter or list', async () => {
    const [who, other] = [await t.account(), await t.account()];
    for (const name of ['c1.test', 'c2.test']) await bought(who, name);
    const cursor = (await t.get(who, '/domains?limit=1')).body.next_cursor as string;
    const calls = [
      t.get(other, `/domains?limit=1&cursor=${cursor}`),
      t.get(who, `/domains?limit=1&tld=test&cursor=${cursor}`),
      t.get(who, `/contacts?cursor=${cursor}`),
      t.get(who, `/domains?cursor=${cursor.slice(0, -2)}xx`),
      t.get(who, '/domains?cursor=eyJ'),
    ];
    const answers = await Promise.all(
      calls.map((call) => call.set('x-request-id', 'req_000000000000000000000000').expect(422)),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    for (const bad of [
      'limit=0',
      'limit=201',
      'limit=x',
      'sort=price',
      'state=gone',
      'expires_before=soon',
      'nope=1',
      'tld=test&tld=com',
    ])
      await t.get(who, `/domains?${bad}`).expect(422);
  });
});

describe('PATCH /domains/{domain}', () => {
  it('changes only the named fields, and asks the registry for those that the registry decides', async () => {
    const who = await t.account();
    await bought(who, 'changed.test', { tags: ['a'], reference: 'r' });
    const { body } = await t
      .patch(who, '/domains/changed.test', { locked: false, privacy: false, auto_renew: true })
      .expect(200);
    expect(body).toMatchObject({
      locked: false,
      privacy: false,
      auto_renew: true,
      tags: ['a'],
      reference: 'r',
      registry_statuses: ['inactive'],
    });
    expect(
      (await t.patch(who, '/domains/changed.test', { tags: [], reference: null, metadata: { k: 'v' } }).expect(200))
        .body,
    ).toMatchObject({ tags: [], reference: null, metadata: { k: 'v' }, locked: false });
    expect((await t.patch(who, '/domains/changed.test', { metadata: null }).expect(200)).body).toMatchObject({
      metadata: null,
      auto_renew: true,
    });
    await t.patch(who, '/domains/changed.test', { nameservers: [] }).expect(422);
  });

  it('requires the buy scope for auto_renew: true, because it commits money', async () => {
    const who = await t.account();
    await bought(who, 'committed.test', { auto_renew: true });
    const writer = await t.keyOf(who.accountId, { scopes: ['domains:read', 'domains:write'] });
    expect((await t.patch(writer, '/domains/committed.test', { auto_renew: true }).expect(403)).body.error.code).toBe(
      'forbidden_scope',
    );
    await t.patch(writer, '/domains/committed.test', { auto_renew: false }).expect(200);
  });
});

it('derives the same state in code and in SQL', async () => {
  const who = await t.account();
  await bought(who, 'states.test');
  const [row] = await t.service.db.platform.$queryRaw<Parameters<typeof stateAt>[0][]>(
    sql`SELECT * FROM domains.domain WHERE name = 'states.test'`,
  );
  if (row === undefined) throw new Error('no row');
  for (const days of [0, 364, 366, 409, 411, 439, 441, 444, 446]) {
    const now = new Date(t.clock.nowMs() + days * 86_400_000);
    const [found] = await t.service.db.platform.$queryRaw<{ state: string }[]>(
      sql`SELECT ${stateSql(now)} AS state FROM domains.domain d WHERE d.name = 'states.test'`,
    );
    expect([days, found?.state]).toEqual([days, stateAt(row, now)]);
  }
});
