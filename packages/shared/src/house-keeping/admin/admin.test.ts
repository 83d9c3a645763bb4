import { Pool } from 'pg';
import request from 'supertest';
import { registry } from '../../base/monitoring';
import { accountEndpoints } from '../../counter/account';
import { newId } from '../../ground/contract';
import { shopEndpoints, testService, type TestKey } from '../../testing';
import { adminEndpoints } from '.';

const api = testService({
  endpoints: (service) => [...accountEndpoints(service), ...adminEndpoints(service), ...shopEndpoints(service)],
});
const get = (path: string, who: Parameters<typeof api.as>[0]) => request(api.app).get(path).set(api.as(who));
const post = (path: string, who: Parameters<typeof api.as>[0], body: object = {}) =>
  request(api.app).post(path).set(api.as(who)).send(body);
const adjust = (userId: string, who: TestKey, body: object, key?: string) =>
  request(api.app).post(`/admin/users/${userId}/adjust`).set(api.asMoney(who, key)).send(body);
const unknownId = (prefix: 'usr' | 'key') => newId(prefix, api.service.clock.nowMs());

const gateway = new Pool({ connectionString: api.database.urlFor('lumi_gateway'), max: 1 });
const owner = new Pool({ connectionString: api.database.ownerUrl, max: 1 });
afterAll(() => Promise.all([gateway.end(), owner.end()]));

let operator: TestKey;
beforeAll(async () => {
  operator = await api.operator();
});

/** The error without its request id, to compare two errors. */
function bytesOf(answer: request.Response): string {
  return JSON.stringify({ ...answer.body.error, request_id: null });
}

describe('every admin route', () => {
  const routes = [
    ['get', '/admin/users'],
    ['post', '/admin/users'],
    ['get', '/admin/users/usr_01k000000000000000000000'],
    ['post', '/admin/users/usr_01k000000000000000000000/adjust'],
    ['get', '/admin/keys'],
    ['post', '/admin/keys'],
    ['get', '/admin/keys/key_01k000000000000000000000'],
    ['post', '/admin/keys/key_01k000000000000000000000/revoke'],
    ['post', '/admin/keys/key_01k000000000000000000000/roll'],
    ['get', '/admin/ledger/check'],
  ] as const;

  it.each(routes)('%s %s: answers 401 without an identity and without a key', async (method, path) => {
    expect((await request(api.app)[method](path)).status).toBe(401);
    expect((await request(api.app)[method](path).set(api.as('public'))).status).toBe(401);
  });

  it.each(routes)('%s %s: answers 403 for a reseller with any scopes', async (method, path) => {
    const answer = await request(api.app)
      [method](path)
      .set(api.asMoney(await api.account()));
    expect(answer.status).toBe(403);
    expect(answer.body.error).toMatchObject({
      code: 'forbidden_scope',
      message: "Key lacks the required scope 'admin:*'.",
    });
  });
});

describe('users', () => {
  it('are created empty and can be read', async () => {
    const created = await post('/admin/users', operator, { name: '  Example Ltd ' });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({ user_id: expect.stringMatching(/^usr_[0-9a-z]{24}$/) });
    const expected = {
      id: created.body.user_id,
      name: 'Example Ltd',
      balance_usd: '0.00',
      held_usd: '0.00',
      available_usd: '0.00',
      created_at: expect.any(String),
    };
    expect((await get(`/admin/users/${created.body.user_id}`, operator)).body).toEqual(expected);
    expect((await get('/admin/users?limit=1', operator)).body).toEqual({
      items: [expected],
      has_more: true,
      next_cursor: expect.any(String),
    });
  });

  it('are listed page by page, newest first', async () => {
    await Promise.all([api.account(), api.account(), api.account()]);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: request.Response = await get(
        `/admin/users?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        operator,
      );
      seen.push(...body.items.map((user: { id: string }) => user.id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
  });

  it.each([
    {},
    { name: '' },
    { name: '   ' },
    { name: 5 },
    { name: 'x'.repeat(201) },
    { name: 'a\nb' },
    { name: 'x', balance: '5' },
  ])('answer 422 for %j', async (body) => {
    expect((await post('/admin/users', operator, body)).status).toBe(422);
  });

  it('answer 404 for an id that is no account, in any form', async () => {
    const answers = await Promise.all([unknownId('usr'), 'nonsense'].map((id) => get(`/admin/users/${id}`, operator)));
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(new Set(answers.map(bytesOf)).size).toBe(1);
  });
});

describe('adjust', () => {
  it("adds and subtracts, and both lines appear in the account's transactions", async () => {
    const account = await api.account({ balance: '10' });
    const added = await adjust(account.accountId, operator, { amount_usd: '5.5', reason: 'bonus' });
    expect(added.status).toBe(200);
    expect(added.body).toEqual({
      transaction_id: expect.stringMatching(/^trf_/),
      user_id: account.accountId,
      amount_usd: '5.50',
      balance_usd: '15.50',
    });
    const taken = await adjust(account.accountId, operator, { amount_usd: '-15.5000', reason: 'all of it' });
    expect(taken.body).toMatchObject({ amount_usd: '-15.50', balance_usd: '0.00' });
    const lines = (await get('/transactions', account)).body.items;
    expect(lines[1]).toMatchObject({
      id: added.body.transaction_id,
      type: 'adjustment',
      amount_usd: '5.50',
      description: 'bonus',
      key_id: null,
      idempotency_key: null,
    });
    expect((await get(`/transactions/${added.body.transaction_id}`, operator)).body).toMatchObject({
      key_id: operator.keyId,
      idempotency_key: expect.any(String),
    });
    expect(await api.audit()).toEqual([]);
  });

  it('answers a repeat with the same bytes and adds nothing', async () => {
    const account = await api.account({ balance: '0' });
    const body = { amount_usd: '7', reason: 'once' };
    const first = await adjust(account.accountId, operator, body, 'adjust-once');
    const again = await adjust(account.accountId, operator, body, 'adjust-once');
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await api.balance(account.accountId)).posted).toBe(70_000n);
    expect((await get('/requests/adjust-once', operator)).body).toMatchObject({
      state: 'done',
      status_code: 200,
      response: first.body,
    });
    expect(await api.audit()).toEqual([]);
  });

  it('counts one step of money for it, and none for a repeat or a refusal', async () => {
    const account = await api.account({ balance: '0' });
    const text = () => registry.getSingleMetricAsString('lumi_money_steps_total');
    const counted = async () => Number(/kind="adjustment",step="adjusted"\} (\d+)/.exec(await text())?.[1] ?? 0);
    const before = await counted();
    const body = { amount_usd: '3', reason: 'counted' };
    for (const status of [200, 200]) await adjust(account.accountId, operator, body, 'adjust-counted').expect(status);
    await adjust(account.accountId, operator, { amount_usd: '-9', reason: 'too much' }).expect(402);
    expect((await counted()) - before).toBe(1);
  });

  it('executes exactly one of many equal requests at once', async () => {
    const account = await api.account({ balance: '0' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        adjust(account.accountId, operator, { amount_usd: '1', reason: 'race' }, 'adjust-race'),
      ),
    );
    const good = answers.filter((answer) => answer.status === 200);
    expect(answers.filter((answer) => answer.status !== 200 && answer.body.error.code !== 'in_progress')).toEqual([]);
    expect(new Set(good.map((answer) => answer.text)).size).toBe(1);
    expect(good.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect((await api.balance(account.accountId)).posted).toBe(10_000n);
    expect(await api.audit()).toEqual([]);
  });

  it('answers 422 idempotency_key_reused for another body or another account', async () => {
    const [account, other] = [await api.account({ balance: '0' }), await api.account({ balance: '0' })];
    await adjust(account.accountId, operator, { amount_usd: '1', reason: 'x' }, 'adjust-reuse').expect(200);
    for (const answer of [
      await adjust(account.accountId, operator, { amount_usd: '2', reason: 'x' }, 'adjust-reuse'),
      await adjust(other.accountId, operator, { amount_usd: '1', reason: 'x' }, 'adjust-reuse'),
    ]) {
      expect(answer.status).toBe(422);
      expect(answer.body.error.code).toBe('idempotency_key_reused');
    }
    expect((await api.balance(other.accountId)).posted).toBe(0n);
    expect(await api.audit()).toEqual([]);
  });

  it('answers 402 when the money is held or missing, and the key can be used again afterwards', async () => {
    const account = await api.account({ balance: '15' });
    await request(api.app)
      .post('/gadgets')
      .set(api.asMoney(account))
      .send({ name: 'held', ending: 'pending' })
      .expect(202);
    const refused = await adjust(
      account.accountId,
      operator,
      { amount_usd: '-5.02', reason: 'too much' },
      'adjust-402',
    );
    expect(refused.status).toBe(402);
    expect(refused.body.error.code).toBe('insufficient_balance');
    expect((await get('/requests/adjust-402', operator)).body.state).toBe('none');
    await adjust(account.accountId, operator, { amount_usd: '-5.01', reason: 'just enough' }, 'adjust-402').expect(200);
    expect(await api.audit()).toEqual([]);
  });

  it('answers 404 for an unknown account and stores nothing', async () => {
    const userId = unknownId('usr');
    expect((await adjust(userId, operator, { amount_usd: '1', reason: 'x' }, 'adjust-404')).body.error.code).toBe(
      'not_found',
    );
    expect((await get('/requests/adjust-404', operator)).body.state).toBe('none');
    expect(await api.audit()).toEqual([]);
  });

  it('answers 400 without an Idempotency-Key', async () => {
    const account = await api.account();
    const answer = await post(`/admin/users/${account.accountId}/adjust`, operator, { amount_usd: '1', reason: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('idempotency_key_required');
  });

  it.each([
    {},
    { amount_usd: 5, reason: 'x' },
    { amount_usd: '0', reason: 'x' },
    { amount_usd: '-0.00', reason: 'x' },
    { amount_usd: '+5', reason: 'x' },
    { amount_usd: '1e3', reason: 'x' },
    { amount_usd: '1.00001', reason: 'x' },
    { amount_usd: '5' },
    { amount_usd: '5', reason: ' ' },
    { amount_usd: '5', reason: 'x', user_id: 'usr_01k000000000000000000000' },
  ])('answers 422 for %j', async (body) => {
    const account = await api.account();
    expect((await adjust(account.accountId, operator, body)).status).toBe(422);
    expect((await api.balance(account.accountId)).posted).toBe(1_000_000n);
  });

  it('answers 401 for an operator key that was revoked a moment ago, even with a fresh identity', async () => {
    const [gone, account] = [await api.operator(), await api.account()];
    await post(`/admin/keys/${gone.keyId}/revoke`, operator).expect(200);
    const answer = await adjust(account.accountId, gone, { amount_usd: '1', reason: 'x' });
    expect(answer.body.error.code).toBe('invalid_key');
    expect((await api.balance(account.accountId)).posted).toBe(1_000_000n);
    expect(await api.audit()).toEqual([]);
  });

  it('is not limited by a daily cap', async () => {
    const account = await api.account({ balance: '0', cap: '1' });
    await adjust(account.accountId, operator, { amount_usd: '500', reason: 'x' }).expect(200);
    await adjust(account.accountId, operator, { amount_usd: '-400', reason: 'x' }).expect(200);
    expect((await get('/me', account)).body.caps.daily).toMatchObject({ limit_usd: '1.00', spent_usd: '0.00' });
    expect(await api.audit()).toEqual([]);
  });
});

describe('GET /admin/ledger/check', () => {
  it('answers that the books are right', async () => {
    expect((await get('/admin/ledger/check', operator)).body).toEqual({
      ok: true,
      checked_at: expect.any(String),
      breaches: [],
    });
  });

  it('lists what is wrong in the books', async () => {
    const { Client } = await import('pg');
    const owner = new Client({ connectionString: api.database.ownerUrl });
    await owner.connect();
    const account = await api.account();
    await owner.query('UPDATE platform.wallet SET posted = posted + 1 WHERE account_id = $1', [account.accountId]);
    const { body } = await get('/admin/ledger/check', operator);
    expect(body).toMatchObject({ ok: false, breaches: [{ subject: account.accountId }] });
    await owner.query('UPDATE platform.wallet SET posted = posted - 1 WHERE account_id = $1', [account.accountId]);
    await owner.end();
    expect(await api.audit()).toEqual([]);
  });
});
