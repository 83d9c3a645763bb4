import type { TestAccount } from '@lumi/shared/testing';
import { ENDINGS, type Ending } from '../src/supplier/sandbox/magic';
import { CREATE_MS, hostingWorld, type Answer } from './world';

const world = hostingWorld();
const { account, operator, buy, get, post, send, order, pass, balance, audit, owner, stock } = world;

afterEach(async () => expect(await audit()).toEqual([]));

describe('POST /servers', () => {
  it('shows the server before the answer, charges when it is ready, and shows its addresses', async () => {
    const who = await account({ balance: '10' });
    const before = await stock();
    const answer = await buy(
      who,
      '/servers',
      order({ label: 'Web', tags: ['a'], reference: 'r-1', metadata: { x: 1 } }),
    );
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      server: { lifecycle: 'provisioning', busy: { action: 'create' }, expires_at: null, renew_price_usd: '3.99' },
      order: { state: 'processing', price_usd: '3.99' },
    });
    const id = answer.body.server.id as string;
    expect((await get(who, `/servers/${id}`)).body).toEqual(answer.body.server);
    expect((await get(who, '/servers')).body.items).toEqual([answer.body.server]);
    expect(await balance(who.accountId)).toMatchObject({ posted: 100_000n, held: 39_900n });
    expect(await stock()).toBe(before - 1);

    await pass(CREATE_MS);
    const server = (await get(who, `/servers/${id}`)).body;
    expect(server).toMatchObject({
      lifecycle: 'active',
      power: 'running',
      busy: null,
      label: 'Web',
      tags: ['a'],
      reference: 'r-1',
      metadata: { x: 1 },
    });
    expect(server.ips).toEqual([
      { ip: expect.stringMatching(/^100\./), version: 4, rdns: null, primary: true },
      { ip: expect.stringMatching(/^2001:db8:/), version: 6, rdns: null, primary: false },
    ]);
    expect(await balance(who.accountId)).toMatchObject({ posted: 60_100n, held: 0n });
    expect(await stock()).toBe(before - 1);
    expect((await get(who, `/operations/${String(answer.body.operation_id)}`)).body).toMatchObject({
      state: 'completed',
      money: { captured_usd: '3.99', released_usd: '0.00' },
    });
    expect((await get(who, '/events')).body.items.map(({ type }: { type: string }) => type)).toContain('server.ready');
  });

  it('answers a repeat with in_progress until the purchase ends, and then with its final answer', async () => {
    const who = await account();
    const first = await buy(who, '/servers', order(), 'the-same-key');
    expect((await buy(who, '/servers', order(), 'the-same-key')).body).toMatchObject({
      error: { code: 'in_progress' },
    });
    await pass(CREATE_MS);
    const again = await buy(who, '/servers', order(), 'the-same-key');
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({
      operation_id: first.body.operation_id,
      order: { state: 'completed' },
      server: { lifecycle: 'active', busy: null },
    });
    expect(again.body.server).toEqual((await get(who, `/servers/${first.body.server.id as string}`)).body);
    expect((await buy(who, '/servers', order(), 'the-same-key')).text).toBe(again.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await buy(who, '/servers', order({ label: 'x' }), 'the-same-key')).body).toMatchObject({
      error: { code: 'idempotency_key_reused' },
    });
    expect((await get(who, '/servers')).body.items).toHaveLength(1);
  });

  it('shows the root password for a day, to keys with write or buy scope, and stores it sealed', async () => {
    const who = await account();
    const reader = await world.keyOf(who.accountId, { scopes: ['vps:read'] });
    const { operation_id: operationId } = (await buy(who, '/servers', order())).body;
    expect((await get(who, `/operations/${operationId}`)).body).not.toHaveProperty('secret');
    await pass(CREATE_MS);
    expect((await get(reader, `/operations/${operationId}`)).body).not.toHaveProperty('secret');
    const secret = (await get(who, `/operations/${operationId}`)).body.secret as string;
    expect(secret).toMatch(/^[a-zA-Z2-9]{24}$/);
    const buyer = await world.keyOf(who.accountId, { scopes: ['vps:buy', 'vps:read'] });
    expect((await get(buyer, `/operations/${operationId}`)).body).toMatchObject({
      secret,
      secret_until: expect.stringMatching(/Z$/),
    });
    const dump = JSON.stringify([
      await owner('SELECT * FROM platform.orders'),
      await owner('SELECT * FROM vps.server'),
      await owner('SELECT * FROM platform.operation_secret'),
      await owner('SELECT convert_from(body, $1) AS b FROM platform.idempotency WHERE body IS NOT NULL', ['UTF8']),
    ]);
    expect(dump).not.toContain(secret);
    await pass(24 * 3_600_000);
    expect((await get(who, `/operations/${operationId}`)).body).not.toHaveProperty('secret');
  });

  it('deletes the root password when its owner requests that, and not on a GET', async () => {
    const who = await account();
    const { operation_id: operationId } = (await buy(who, '/servers', order())).body;
    const forget = (key: TestAccount) => send(key, 'delete', `/operations/${operationId}/secret`);
    expect((await forget(who)).body.error.code).toBe('state_conflict');
    await pass(CREATE_MS);
    expect((await forget(await account())).status).toBe(404);
    expect((await forget(await world.keyOf(who.accountId, { scopes: ['vps:read'] }))).status).toBe(403);
    expect((await get(who, `/operations/${operationId}`)).body.secret).toBeDefined();
    expect((await forget(who)).status).toBe(200);
    expect((await forget(who)).status).toBe(200);
    expect((await get(who, `/operations/${operationId}`)).body).not.toHaveProperty('secret');
    expect(await owner('SELECT 1 FROM platform.operation_secret WHERE operation_id = $1', [operationId])).toEqual([]);
  });

  it('shows the password of a reset to keys with write scope only', async () => {
    const who = await account();
    const { id } = await world.server(who);
    const { operation_id: operationId } = (await post(who, `/servers/${id}/actions/reset-password`)).body;
    await pass(1_000);
    const buyer = await world.keyOf(who.accountId, { scopes: ['vps:buy', 'vps:read'] });
    expect((await get(buyer, `/operations/${operationId}`)).body).not.toHaveProperty('secret');
    expect((await send(buyer, 'delete', `/operations/${operationId}/secret`)).status).toBe(403);
    expect((await get(who, `/operations/${operationId}`)).body.secret).toMatch(/^\w{24}$/);
  });

  it("takes the next location when the first is sold out, at that location's price", async () => {
    const who = await account({ balance: '300' });
    const answer = await buy(who, '/servers', order({ plan_id: 'd16', locations: ['sin', 'nyc'] }));
    expect(answer.body).toMatchObject({ server: { location_id: 'nyc' }, order: { price_usd: '96.889' } });
    await pass(CREATE_MS);
    expect(await balance(who.accountId)).toMatchObject({ posted: 3_000_000n - 968_890n });
    expect((await buy(who, '/servers', order({ plan_id: 'd16', locations: ['sin'] }))).body).toMatchObject({
      error: { code: 'out_of_stock' },
    });
  });

  it('sells exactly 10 servers to 100 buyers when the stock is 10', async () => {
    await owner(`UPDATE vps.stock SET free = 10 WHERE plan_id = 's2' AND location_id = 'hel'`);
    const buyers = await Promise.all(Array.from({ length: 100 }, () => account({ balance: '10' })));
    // A busy machine answers 503 when the wait for a connection is too long; then a buyer asks again.
    const tryToBuy = async (who: (typeof buyers)[number]): Promise<Answer> => {
      const answer = await buy(who, '/servers', order({ plan_id: 's2', locations: ['hel'] }));
      return answer.status === 503 ? tryToBuy(who) : answer;
    };
    const answers = await Promise.all(buyers.map(tryToBuy));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    expect(answers.filter(({ status }) => status !== 202).map(({ body }) => body.error.code)).toEqual(
      Array(90).fill('out_of_stock'),
    );
    expect(await stock('s2', 'hel')).toBe(0);
    // When the load cut a call to the supplier off, recovery sends it first.
    for (let i = 0; i < 3; i += 1) await pass(CREATE_MS);
    expect(
      await owner(`SELECT 1 FROM vps.server WHERE plan_id = 's2' AND location_id = 'hel' AND lifecycle = 'active'`),
    ).toHaveLength(10);
  });

  it('checks every rule and charges nothing in a dry run', async () => {
    const who = await account({ balance: '5' });
    const dry = (body: object) => world.send(who, 'post', '/servers?dry_run=true', { body });
    expect((await dry(order())).body).toMatchObject({ dry_run: true, would_succeed: true, price_usd: '3.99' });
    expect((await dry(order({ plan_id: 's8' }))).body).toMatchObject({ error: { code: 'insufficient_balance' } });
    expect((await dry(order({ expected_price_usd: '3.98' }))).body).toMatchObject({
      error: { code: 'price_changed', details: [{ path: 'price_usd', message: '3.99' }] },
    });
    expect((await get(who, '/servers')).body.items).toEqual([]);
  });

  it.each([
    ['an unknown plan', { plan_id: 's3' }, 422, 'validation_error'],
    ['an unknown location', { locations: ['ams', 'mars'] }, 422, 'validation_error'],
    ['an image that does not fit', { image_id: 'windows-2025' }, 422, 'validation_error'],
    ['a host name that is none', { hostname: 'web_1' }, 422, 'validation_error'],
    ['a key that is nobody’s', { ssh_key_ids: ['ssh_01k0000000000000000000000'] }, 404, 'not_found'],
    ['a lower ceiling', { max_price_usd: '3.98' }, 409, 'price_changed'],
    ['a misspelt field', { max_price: '4' }, 422, 'validation_error'],
  ])('refuses %s, and stores nothing under the key', async (_what, fault, status, code) => {
    const who = await account();
    expect(await buy(who, '/servers', order(fault), 'one-key-for-both')).toMatchObject({
      status,
      body: { error: { code } },
    });
    expect((await buy(who, '/servers', order(), 'one-key-for-both')).status).toBe(202);
    await pass(CREATE_MS);
  });

  it('requires vps:write too for auto_renew, and user_id from operators', async () => {
    const buyer = await account({ scopes: ['vps:buy', 'vps:read'] });
    expect((await buy(buyer, '/servers', order({ auto_renew: true }))).body).toMatchObject({
      error: { code: 'forbidden_scope' },
    });
    const boss = await operator();
    expect((await buy(boss, '/servers', order())).body).toMatchObject({
      error: { code: 'validation_error', details: [{ path: 'user_id' }] },
    });
    const bought = await buy(boss, '/servers', order({ user_id: buyer.accountId }));
    expect(bought.body.server.user_id).toBe(buyer.accountId);
    await pass(CREATE_MS);
  });
});

describe('the endings of the sandbox', () => {
  const charged: Readonly<Record<Ending, boolean>> = {
    refused: false,
    'out-of-stock': false,
    'build-fails': false,
    slow: true,
    'timeout-before': true,
    'timeout-after': true,
    'error-after': true,
    never: false,
  };

  it.each(ENDINGS.filter((ending) => ending !== 'never'))('%s: money, stock and server agree', async (ending) => {
    const who = await account({ balance: '10' });
    const left = await stock();
    const first = await buy(who, '/servers', order({ hostname: `sandbox-${ending}.example.com` }), `key-for-${ending}`);
    const atOnce = ending === 'refused' || ending === 'out-of-stock';
    expect(first.status).toBe(ending === 'refused' ? 502 : ending === 'out-of-stock' ? 409 : 202);
    if (!atOnce) {
      expect(await balance(who.accountId)).toMatchObject({ held: 39_900n });
      await pass(0);
      await pass(CREATE_MS);
      if (ending === 'slow') await pass(CREATE_MS * 9);
      await pass(CREATE_MS);
    }
    expect(await balance(who.accountId)).toMatchObject({ posted: charged[ending] ? 60_100n : 100_000n, held: 0n });
    expect(await stock()).toBe(charged[ending] ? left - 1 : left);
    const [row] = await owner<{ lifecycle: string }>(`SELECT lifecycle FROM vps.server WHERE account_id = $1`, [
      who.accountId,
    ]);
    expect(row).toEqual({ lifecycle: charged[ending] ? 'active' : 'failed' });
    const again = await buy(who, '/servers', order({ hostname: `sandbox-${ending}.example.com` }), `key-for-${ending}`);
    if (atOnce) expect(again.text).toBe(first.text);
    else if (charged[ending])
      expect(again).toMatchObject({
        status: 201,
        body: { order: { state: 'completed' }, server: { lifecycle: 'active' } },
      });
    else expect(again).toMatchObject({ status: 502, body: { error: { code: 'supplier_error' } } });
  });

  it('never: the hold stays, and a repeat is answered with in_progress', async () => {
    const who = await account({ balance: '10' });
    await buy(who, '/servers', order({ hostname: 'sandbox-never.example.com' }), 'key-for-never');
    await pass(700_000);
    await pass(700_000);
    expect(await balance(who.accountId)).toMatchObject({ posted: 100_000n, held: 39_900n });
    expect(
      (await buy(who, '/servers', order({ hostname: 'sandbox-never.example.com' }), 'key-for-never')).body,
    ).toMatchObject({ error: { code: 'in_progress' } });
    expect((await get(who, '/operations')).body.items).toMatchObject([
      { state: 'processing', waiting_for: 'operator' },
    ]);
  });
});

describe('GET /servers', () => {
  it('gives ids of other accounts, unknown ids and malformed ids the same answer', async () => {
    const [who, stranger] = [await account(), await account()];
    const { id } = await world.server(who);
    const answers = await Promise.all([
      get(stranger, `/servers/${String(id)}`),
      get(stranger, '/servers/srv_01k0000000000000000000000'),
      get(stranger, '/servers/x'),
    ]);
    for (const { status, body } of answers)
      expect({ status, error: { ...body.error, request_id: '' } }).toEqual({
        status: 404,
        error: { code: 'not_found', message: 'Not found.', request_id: '' },
      });
    expect((await get(stranger, '/servers')).body.items).toEqual([]);
  });

  it('filters', async () => {
    const who = await account();
    const a = await world.server(who, { tags: ['t1'], reference: 'a', locations: ['fra'] });
    const b = await world.server(who, { hostname: 'b.example.com' });
    const ids = async (query: string) =>
      (await get(who, `/servers?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await ids('')).toEqual([b.id, a.id]);
    expect(await ids('tag=t1')).toEqual([a.id]);
    expect(await ids('reference=a&location_id=fra')).toEqual([a.id]);
    expect(await ids('hostname=b.example.com')).toEqual([b.id]);
    expect(await ids(`ip=${String(a.ips[0].ip)}`)).toEqual([a.id]);
    expect(await ids('lifecycle=grace')).toEqual([]);
    expect(await ids('power=running&plan_id=s1')).toEqual([b.id, a.id]);
    expect(await ids('expires_before=2020-01-01T00:00:00Z')).toEqual([]);
  });
});
