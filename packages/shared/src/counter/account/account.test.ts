import request from 'supertest';
import { BASE_PATHS, ERROR_CODES, newId } from '../../ground/contract';
import { accountFixture, bytesOf } from './test/account-fixture';

const { api, get, buy } = accountFixture();

describe('every account route', () => {
  const paths = [
    '/me',
    '/balance',
    '/transactions',
    '/transactions/trf_01k000000000000000000000',
    '/orders',
    '/orders/ord_01k000000000000000000000',
    '/operations',
    '/operations/op_01k000000000000000000000',
    '/requests/some-key-1',
    '/requests?idempotency_key=some-key-1',
    '/events',
  ];

  it.each(paths)('%s: answers 401 without an identity and without a key', async (path) => {
    expect((await request(api.app).get(path)).status).toBe(401);
    expect((await get(path, 'public')).body.error.code).toBe('invalid_key');
  });

  it.each(paths.filter((path) => path !== '/me'))('%s: answers 403 without the read scope', async (path) => {
    const account = await api.account({ scopes: ['deposits:write'] });
    const answer = await get(path, account);
    expect(answer.status).toBe(403);
    expect(answer.body.error).toMatchObject({
      code: 'forbidden_scope',
      message: "Key lacks the required scope 'domains:read'.",
    });
  });

  it.each(paths)('%s: answers 404 for a user_id of another account, like for an unknown one', async (path) => {
    const [mine, foreign] = [await api.account(), await api.account()];
    const join = path.includes('?') ? '&' : '?';
    const answers = await Promise.all([
      get(`${path}${join}user_id=${foreign.accountId}`, mine),
      get(`${path}${join}user_id=${newId('usr', api.service.clock.nowMs())}`, mine),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
  });

  it.each(paths)('%s: answers 422 for an unknown query field', async (path) => {
    const answer = await get(`${path}${path.includes('?') ? '&' : '?'}nonsense=1`, await api.account());
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([{ path: 'nonsense', message: 'is not a field of this request' }]);
  });
});

describe('GET /me', () => {
  it('shows the key, its scopes and its limits', async () => {
    const account = await api.account({ cap: '25', signing: 'v1', moneyPerMinute: 7 });
    await buy(account, { name: 'me-1' }).expect(201);
    const answer = await get('/me', account).set('x-lumi-regular', '118;1');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      key: {
        id: account.keyId,
        prefix: `${account.key.slice(0, 17)}…`,
        type: 'reseller',
        scopes: ['domains:read', 'domains:write', 'domains:buy', 'deposits:write'],
        signing_required: true,
        signing: 'v1',
        expires_at: null,
        last_used_at: null,
      },
      user: { id: account.accountId },
      product: 'domains',
      money_enabled: true,
      caps: {
        daily: {
          limit_usd: '25.00',
          source: 'key',
          spent_usd: '9.99',
          remaining_usd: '15.01',
          resets_at: expect.stringMatching(/T00:00:00Z$/),
        },
      },
      rate: {
        regular: { limit: 1_000_000, remaining: 118, reset_s: 1 },
        money: { limit: 7, remaining: 6, reset_s: expect.any(Number) },
      },
      environment: {
        suppliers: [{ name: 'gadgets', sandbox: true }],
        payment_providers: [{ name: 'cryptobot', sandbox: false }],
      },
      server_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(JSON.stringify(answer.body)).not.toContain(account.signingSecret);
    expect(await api.audit()).toEqual([]);
  });

  it('needs no scope', async () => {
    await get('/me', await api.account({ scopes: ['deposits:write'] })).expect(200);
  });

  it('shows no account to an operator without user_id', async () => {
    const [operator, account] = [await api.operator(), await api.account()];
    const alone = await get('/me', operator);
    expect(alone.body).toMatchObject({
      user: null,
      key: { type: 'operator' },
      caps: { daily: { limit_usd: null, source: 'none', remaining_usd: null } },
    });
    expect(alone.body.key.scopes).toContain('admin:*');
    expect((await get(`/me?user_id=${account.accountId}`, operator)).body.user).toEqual({ id: account.accountId });
  });
});

describe('GET /balance', () => {
  it('splits the balance into held and available', async () => {
    const account = await api.account({ balance: '30' });
    await buy(account, { name: 'balance-1', ending: 'pending' }).expect(202);
    const answer = await get('/balance', account);
    expect(answer.body).toEqual({
      user_id: account.accountId,
      balance_usd: '30.00',
      held_usd: '9.99',
      low_balance_usd: null,
      available_usd: '20.01',
      auto_renew_due_30d_usd: '0.00',
      updated_at: expect.any(String),
    });
    expect(await api.audit()).toEqual([]);
  });

  it('requires user_id from an operator, else 422', async () => {
    const [operator, account] = [await api.operator(), await api.account()];
    expect((await get(`/balance?user_id=${account.accountId}`, operator)).body.balance_usd).toBe('100.00');
    const answer = await get('/balance', operator);
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([{ path: 'user_id', message: 'is required for operator keys' }]);
  });
});

describe('public routes', () => {
  it('GET /errors lists exactly the error codes of the contract', async () => {
    const { body } = await get('/errors', 'public');
    const first = (await get('/errors?limit=30', 'public')).body;
    expect([
      ...first.items,
      ...(await get(`/errors?limit=30&cursor=${first.next_cursor}`, 'public')).body.items,
    ]).toEqual(body.items);
    expect(body).toMatchObject({ next_cursor: null, has_more: false });
    expect(body.items.map((item: { code: string }) => item.code)).toEqual(Object.keys(ERROR_CODES));
    expect(body.items.find((item: { code: string }) => item.code === 'in_progress')).toMatchObject({
      status: 409,
      retry_safe: true,
    });
    expect(body.items.find((item: { code: string }) => item.code === 'validation_error')).toMatchObject({
      status: 422,
      retry_safe: false,
    });
  });

  it('GET /openapi.json answers the document of all mounted routes', async () => {
    const { body, headers } = await get('/openapi.json', 'public');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body.openapi).toBe('3.1.0');
    expect(body.servers).toEqual([{ url: `http://lumi.test${BASE_PATHS.domains}` }]);
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/me', '/gadgets', '/openapi.json']));
    expect(body.paths['/transactions'].get.responses['200'].content).toHaveProperty(['text/csv']);
    expect((await request(api.app).get('/internal/openapi.json').set(api.as('public'))).body).toEqual(body);
  });
});
