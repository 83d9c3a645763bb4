import request from 'supertest';
import { BASE_PATHS, ERROR_CODES, newId } from '../contract';
import { recoverOrders, type AnyThingSold } from '../purchase';
import { gadget, shopEndpoints, testService, type TestAccount, type TestKey } from '../testing';
import { accountEndpoints } from '.';

const api = testService({
  endpoints: (service) => [
    ...accountEndpoints(service, { suppliers: [{ name: 'gadgets', isSandbox: true }], paymentProviders: [{ name: 'cryptobot', isSandbox: false }] }),
    ...shopEndpoints(service),
  ],
});
const get = (path: string, who: Parameters<typeof api.as>[0]) => request(api.app).get(path).set(api.as(who));
const buy = (account: TestAccount, body: object, key?: string) => request(api.app).post('/gadgets').set(api.asMoney(account, key)).send(body);
const randomId = (prefix: 'ord' | 'trf' | 'op') => newId(prefix, api.service.clock.nowMs());

/** The error without its own request id: what a caller could compare. */
function bytesOf(answer: request.Response): string {
  return JSON.stringify({ ...answer.body.error, request_id: null });
}

describe('every account route', () => {
  const paths = ['/me', '/balance', '/transactions', '/transactions/trf_01k0000000000000000000000', '/orders', '/orders/ord_01k0000000000000000000000', '/operations', '/operations/op_01k0000000000000000000000', '/requests/some-key-1', '/requests?idempotency_key=some-key-1', '/events'];

  it.each(paths)('%s: 401 without an identity and without a key', async (path) => {
    expect((await request(api.app).get(path)).status).toBe(401);
    expect((await get(path, 'public')).body.error.code).toBe('invalid_key');
  });

  it.each(paths.filter((path) => path !== '/me'))('%s: 403 without the read scope', async (path) => {
    const account = await api.account({ scopes: ['deposits:write'] });
    const answer = await get(path, account);
    expect(answer.status).toBe(403);
    expect(answer.body.error).toMatchObject({ code: 'forbidden_scope', message: "Key lacks the required scope 'domains:read'." });
  });

  it.each(paths)('%s: a foreign user_id is 404 like an unknown one', async (path) => {
    const [mine, foreign] = [await api.account(), await api.account()];
    const join = path.includes('?') ? '&' : '?';
    const answers = await Promise.all([get(`${path}${join}user_id=${foreign.accountId}`, mine), get(`${path}${join}user_id=${newId('usr', api.service.clock.nowMs())}`, mine)]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
  });

  it.each(paths)('%s: an unknown query field is 422', async (path) => {
    const answer = await get(`${path}${path.includes('?') ? '&' : '?'}nonsense=1`, await api.account());
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([{ path: 'nonsense', message: 'is not a field of this request' }]);
  });
});

describe('GET /me', () => {
  it('tells what the key is and may do', async () => {
    const account = await api.account({ cap: '25', signing: 'v1', moneyPerMinute: 7 });
    await buy(account, { name: 'me-1' }).expect(201);
    const answer = await get('/me', account).set('x-lumi-regular', '118;1');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      key: { id: account.keyId, prefix: `${account.key.slice(0, 17)}…`, type: 'reseller', scopes: ['domains:read', 'domains:write', 'domains:buy', 'deposits:write'], signing_required: true, signing: 'v1', expires_at: null, last_used_at: null },
      user: { id: account.accountId }, product: 'domains', money_enabled: true,
      caps: { daily: { limit_usd: '25.00', source: 'key', spent_usd: '9.99', remaining_usd: '15.01', resets_at: expect.stringMatching(/T00:00:00Z$/) } },
      rate: { regular: { limit: 1_000_000, remaining: 118, reset_s: 1 }, money: { limit: 7, remaining: 6, reset_s: expect.any(Number) } },
      environment: { suppliers: [{ name: 'gadgets', sandbox: true }], payment_providers: [{ name: 'cryptobot', sandbox: false }] },
      server_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(JSON.stringify(answer.body)).not.toContain(account.signingSecret);
    expect(await api.audit()).toEqual([]);
  });

  it('needs no scope of its own', async () => {
    await get('/me', await api.account({ scopes: ['deposits:write'] })).expect(200);
  });

  it('of an operator names no account unless it is asked for one', async () => {
    const [operator, account] = [await api.operator(), await api.account()];
    const alone = await get('/me', operator);
    expect(alone.body).toMatchObject({ user: null, key: { type: 'operator' }, caps: { daily: { limit_usd: null, source: 'none', remaining_usd: null } } });
    expect(alone.body.key.scopes).toContain('admin:*');
    expect((await get(`/me?user_id=${account.accountId}`, operator)).body.user).toEqual({ id: account.accountId });
  });
});

describe('GET /balance', () => {
  it('splits the balance into held and available', async () => {
    const account = await api.account({ balance: '30' });
    await buy(account, { name: 'balance-1', ending: 'pending' }).expect(202);
    const answer = await get('/balance', account);
    expect(answer.body).toEqual({ user_id: account.accountId, balance_usd: '30.00', held_usd: '9.99', available_usd: '20.01', auto_renew_due_30d_usd: '0.00', updated_at: expect.any(String) });
    expect(await api.audit()).toEqual([]);
  });

  it('of an operator: by user_id, else 422', async () => {
    const [operator, account] = [await api.operator(), await api.account()];
    expect((await get(`/balance?user_id=${account.accountId}`, operator)).body.balance_usd).toBe('100.00');
    const answer = await get('/balance', operator);
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([{ path: 'user_id', message: 'is required for operator keys' }]);
  });
});

describe('GET /transactions', () => {
  let account: TestAccount;
  let operator: TestKey;
  beforeAll(async () => {
    account = await api.account();
    operator = await api.operator();
    for (const name of ['t-1', 't-2', '=cmd()', 'a "b", c']) await buy(account, { name }, `transaction ${name}`.replaceAll(/[^\x21-\x7e]/g, '-')).expect(201);
    await buy(account, { name: 't-refused', ending: 'refused' }).expect(409);
  });

  it('lists posted lines only, newest first, whose sum is the balance', async () => {
    const { body } = await get('/transactions', account);
    expect(body.items.map((line: { amount_usd: string }) => line.amount_usd)).toEqual(['-9.99', '-9.99', '-9.99', '-9.99', '100.00']);
    expect(body.items[0]).toMatchObject({ type: 'charge', balance_after_usd: '60.04', product: 'domains', description: 'Gadget a "b", c', user_id: account.accountId, key_id: account.keyId, order_id: expect.stringMatching(/^ord_/) });
    expect(body).toMatchObject({ next_cursor: null, has_more: false });
    expect((await api.balance(account.accountId)).posted).toBe(600_400n);
  });

  it('pages without losing or repeating a line', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: request.Response = await get(`/transactions?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`, account);
      seen.push(...body.items.map((line: { id: string }) => line.id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual((await get('/transactions', account)).body.items.map((line: { id: string }) => line.id));
  });

  it('filters by type, order and time', async () => {
    const all = (await get('/transactions', account)).body.items;
    expect((await get('/transactions?type=adjustment', account)).body.items).toEqual([all[4]]);
    expect((await get(`/transactions?order_id=${all[1].order_id}`, account)).body.items).toEqual([all[1]]);
    expect((await get('/transactions?from=2099-01-01', account)).body.items).toEqual([]);
    expect((await get('/transactions?from=2020-01-01T00:00:00%2B02:00&to=2099-01-01', account)).body.items).toHaveLength(5);
    expect((await get('/transactions?to=2020-01-01', account)).body.items).toEqual([]);
  });

  it('exports CSV in which no cell is a formula', async () => {
    const answer = await get('/transactions?format=csv', account);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const lines = answer.text.split('\r\n');
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe('id,created_at,type,amount_usd,balance_after_usd,product,description,order_id,deposit_id,key_id,idempotency_key,user_id');
    expect(lines[1]).toContain(',charge,-9.99,60.04,domains,"Gadget a ""b"", c",');
    expect(answer.text).not.toMatch(/(^|,)"?=/m);
  });

  it("hides an operator's key and request of an adjustment from the account", async () => {
    const mine = (await get('/transactions?type=adjustment', account)).body.items[0];
    expect(mine).toMatchObject({ key_id: null, idempotency_key: null });
  });

  it('gives an operator the lines of all accounts, or of one', async () => {
    const other = await api.account({ balance: '1' });
    const all = (await get('/transactions?limit=200', operator)).body.items.map((line: { user_id: string }) => line.user_id);
    expect(all).toEqual(expect.arrayContaining([account.accountId, other.accountId]));
    expect((await get(`/transactions?user_id=${other.accountId}`, operator)).body.items).toHaveLength(1);
  });

  it('404: a foreign line looks like an unknown one', async () => {
    const line = (await get('/transactions', account)).body.items[0];
    expect((await get(`/transactions/${line.id}`, account)).body).toEqual(line);
    const stranger = await api.account();
    const answers = await Promise.all([get(`/transactions/${line.id}`, stranger), get(`/transactions/${randomId('trf')}`, stranger), get('/transactions/nonsense', stranger)]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404]);
    expect(new Set(answers.map(bytesOf)).size).toBe(1);
  });

  it.each(['type=hold', 'from=yesterday', 'limit=0', 'limit=201', 'format=xml', 'format=csv&limit=5', 'cursor=abc', 'type=charge&type=refund'])('422: %s', async (query) => {
    expect((await get(`/transactions?${query}`, account)).status).toBe(422);
  });

  it('422: a cursor of another account or filter', async () => {
    const { body } = await get('/transactions?limit=1', account);
    expect((await get(`/transactions?limit=1&cursor=${body.next_cursor}`, await api.account())).status).toBe(422);
    expect((await get(`/transactions?type=charge&cursor=${body.next_cursor}`, account)).status).toBe(422);
    expect((await get(`/orders?cursor=${body.next_cursor}`, account)).status).toBe(422);
  });
});

describe('GET /orders', () => {
  let account: TestAccount;
  beforeAll(async () => {
    account = await api.account();
    await buy(account, { name: 'o-done', reference: 'mine-1', tags: ['red', 'big'] }).expect(201);
    await buy(account, { name: 'o-refused', ending: 'refused', tags: ['red'] }).expect(409);
    await buy(account, { name: 'o-pending', ending: 'pending', metadata: { note: 'x' } }).expect(202);
  });
  const subjects = async (query: string): Promise<string[]> => (await get(`/orders?${query}`, account)).body.items.map((order: { subject: string }) => order.subject);

  it('lists orders newest first, refused ones included', async () => {
    const { body } = await get('/orders', account);
    expect(body.items.map(({ subject, state, money, error }: Record<string, unknown>) => ({ subject, state, money, error }))).toEqual([
      { subject: 'o-pending', state: 'processing', money: { held_usd: '9.99', captured_usd: '0.00', released_usd: '0.00' }, error: null },
      { subject: 'o-refused', state: 'failed', money: { held_usd: '0.00', captured_usd: '0.00', released_usd: '9.99' }, error: { code: 'not_available', message: ERROR_CODES.not_available.sentence } },
      { subject: 'o-done', state: 'completed', money: { held_usd: '0.00', captured_usd: '9.99', released_usd: '0.00' }, error: null },
    ]);
    expect(await api.audit()).toEqual([]);
  });

  it.each([
    ['state=processing', ['o-pending']], ['state=completed', ['o-done']], ['state=failed', ['o-refused']], ['kind=gadget&tag=red', ['o-refused', 'o-done']],
    ['tag=big', ['o-done']], ['reference=mine-1', ['o-done']], ['batch_id=bat_none', []], ['kind=other', []],
  ])('filters by %s', async (query, expected) => {
    expect(await subjects(query)).toEqual(expected);
  });

  it('404: a foreign order looks like an unknown one', async () => {
    const order = (await get('/orders', account)).body.items[0];
    expect((await get(`/orders/${order.id}`, account)).body).toEqual(order);
    const stranger = await api.account();
    const answers = await Promise.all([get(`/orders/${order.id}`, stranger), get(`/orders/${randomId('ord')}`, stranger)]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
    expect((await get(`/orders/${order.id}`, await api.operator())).body).toEqual(order);
  });

  it('422: an unknown state', async () => {
    expect((await get('/orders?state=done', account)).status).toBe(422);
  });
});

describe('GET /operations', () => {
  it('shows an order as an operation', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-1', ending: 'pending' }).expect(202);
    const answer = await get(`/operations/${bought.body.operation_id}`, account);
    expect(answer.body).toMatchObject({
      id: bought.body.operation_id, order_id: bought.body.order.id, kind: 'gadget', subject: 'op-1', state: 'processing', progress: { done: 0, total: 1 }, waiting_for: 'supplier',
      money: { held_usd: '9.99' }, error: null, finished_at: null,
    });
    expect((await get('/operations?state=processing', account)).body.items).toEqual([answer.body]);
    expect((await get('/operations?state=completed', account)).body.items).toEqual([]);
  });

  it('with wait: comes back as soon as the operation is finished', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-wait', ending: 'unknown' }).expect(202);
    const waiting = Promise.all([get(`/operations/${bought.body.operation_id}?wait=30`, account), get(`/operations/${bought.body.operation_id}?wait=30`, account)]);
    await makeDue(bought.body.order.id);
    await recoverOrders(api.service.purchases, new Map<string, AnyThingSold>([['gadget', gadget]]), 'domains');
    for (const answer of await waiting) expect(answer.body).toMatchObject({ state: 'completed', progress: { done: 1, total: 1 }, waiting_for: null, money: { captured_usd: '9.99' } });
    expect(await api.audit()).toEqual([]);
  });

  it('with wait: comes back unfinished when the time is over', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-long', ending: 'pending' }).expect(202);
    const answer = await get(`/operations/${bought.body.operation_id}?wait=1`, account);
    expect(answer.body.state).toBe('processing');
  });

  it('404: a foreign operation looks like an unknown one, at once', async () => {
    const [account, stranger] = [await api.account(), await api.account()];
    const bought = await buy(account, { name: 'op-foreign' }).expect(201);
    const id = bought.body.order.operation_id;
    const answers = await Promise.all([get(`/operations/${id}?wait=30`, stranger), get(`/operations/${randomId('op')}?wait=30`, stranger)]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
  });

  it.each(['wait=31', 'wait=-1', 'wait=1.5', 'wait='])('422: %s', async (query) => {
    expect((await get(`/operations/${randomId('op')}?${query}`, await api.account())).status).toBe(422);
  });
});

describe('GET /requests', () => {
  it('tells what became of a request', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'r-1' }, 'request/one%2B').expect(201);
    const expected = {
      idempotency_key: 'request/one%2B', state: 'done', status_code: 201, response: bought.body, order_id: bought.body.order.id, operation_id: bought.body.order.operation_id, deposit_id: null,
      request_id: expect.stringMatching(/^req_/), created_at: expect.any(String), done_at: expect.any(String),
    };
    expect((await get(`/requests?idempotency_key=${encodeURIComponent('request/one%2B')}`, account)).body).toEqual(expected);
    const refused = await buy(account, { name: 'r-2', ending: 'refused' }, 'request-two').expect(409);
    expect((await get('/requests/request-two', account)).body).toMatchObject({ state: 'done', status_code: 409, response: refused.body });
    await buy(account, { name: 'r-3', ending: 'pending' }, 'request-three').expect(202);
    expect((await get('/requests/request-three', account)).body).toMatchObject({ state: 'in_progress', status_code: null, response: null, operation_id: expect.stringMatching(/^op_/) });
  });

  it('is shared by the keys of one account and by nobody else: foreign and unknown are both none', async () => {
    const [account, stranger, operator] = [await api.account(), await api.account(), await api.operator()];
    await buy(account, { name: 'r-4' }, 'request-four').expect(201);
    expect((await get('/requests/request-four', await api.keyOf(account.accountId))).body.state).toBe('done');
    for (const who of [stranger, operator]) {
      const [foreign, unknown] = await Promise.all([get('/requests/request-four', who), get('/requests/request-none', who)]);
      expect(foreign.body).toEqual({ ...unknown.body, idempotency_key: 'request-four' });
      expect(unknown.body).toMatchObject({ state: 'none', status_code: null, response: null, created_at: null });
    }
  });
});

describe('GET /events', () => {
  it('is a feed that can be resumed without losing or repeating an event', async () => {
    const account = await api.account();
    const start = (await get('/events', account)).body;
    expect(start).toEqual({ items: [], next_cursor: null, has_more: false, resume_cursor: null });
    await buy(account, { name: 'e-1' }).expect(201);
    await buy(account, { name: 'e-2', ending: 'refused' }).expect(409);
    const first = (await get('/events', account)).body;
    expect(first.items.map((event: { type: string; subject: string }) => `${event.type} ${event.subject}`)).toEqual(['gadget.delivered e-1', 'order.failed e-2']);
    expect(first.next_cursor).toBeNull();
    const nothingNew = (await get(`/events?cursor=${first.resume_cursor}`, account)).body;
    expect(nothingNew).toEqual({ items: [], next_cursor: null, has_more: false, resume_cursor: first.resume_cursor });
    await buy(account, { name: 'e-3' }).expect(201);
    expect((await get(`/events?cursor=${first.resume_cursor}`, account)).body.items).toMatchObject([{ subject: 'e-3', user_id: account.accountId, product: 'domains' }]);
    expect((await get('/events', await api.account())).body.items).toEqual([]);
  });

  it('filters by type', async () => {
    const account = await api.account();
    await buy(account, { name: 'e-4' }).expect(201);
    await buy(account, { name: 'e-5', ending: 'refused' }).expect(409);
    const types = async (filter: string): Promise<string[]> => (await get(`/events?types=${filter}`, account)).body.items.map((event: { type: string }) => event.type);
    expect(await types('gadget.*')).toEqual(['gadget.delivered']);
    expect(await types('order.failed,deposit.*')).toEqual(['order.failed']);
    expect(await types('gadget.*,order.failed')).toEqual(['gadget.delivered', 'order.failed']);
    expect(await types('gadg.*')).toEqual([]);
    expect((await get('/events?types=a%25', account)).status).toBe(422);
  });

  it('never shows an event behind a cursor, however many purchases commit while it is read', async () => {
    const account = await api.account({ balance: '1000' });
    const names = Array.from({ length: 30 }, (_, index) => `e-parallel-${String(index)}`);
    let isBuying = true;
    const bought = Promise.all(names.map((name) => buy(account, { name }).expect(201))).finally(() => {
      isBuying = false;
    });
    const seen: string[] = [];
    let cursor = '';
    for (let isLast = false; !isLast;) {
      isLast = !isBuying;
      const { body } = await get(`/events?limit=3${cursor}`, account);
      seen.push(...body.items.map((event: { subject: string }) => event.subject));
      if (body.resume_cursor !== null) cursor = `&cursor=${body.resume_cursor}`;
      isLast = isLast && !body.has_more;
    }
    await bought;
    expect(seen.sort()).toEqual(names.sort());
    expect(await api.audit()).toEqual([]);
  });
});

describe('public routes', () => {
  it('GET /errors lists exactly the closed list of codes', async () => {
    const { body } = await get('/errors', 'public');
    expect(body.items.map((item: { code: string }) => item.code)).toEqual(Object.keys(ERROR_CODES));
    expect(body.items.find((item: { code: string }) => item.code === 'in_progress')).toMatchObject({ status: 409, retry_safe: true });
    expect(body.items.find((item: { code: string }) => item.code === 'validation_error')).toMatchObject({ status: 422, retry_safe: false });
  });

  it('GET /openapi.json gives the document of everything mounted', async () => {
    const { body, headers } = await get('/openapi.json', 'public');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body.openapi).toBe('3.1.0');
    expect(body.servers).toEqual([{ url: `http://lumi.test${BASE_PATHS.domains}` }]);
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/me', '/gadgets', '/openapi.json']));
    expect(body.paths['/transactions'].get.responses['200'].content).toHaveProperty(['text/csv']);
    expect((await request(api.app).get('/internal/openapi.json').set(api.as('public'))).body).toEqual(body);
  });
});

/** As if the deadline of the order had passed. */
async function makeDue(orderId: string): Promise<void> {
  const { Client } = await import('pg');
  const owner = new Client({ connectionString: api.database.ownerUrl });
  await owner.connect();
  await owner.query(`UPDATE platform.orders SET wake_at = now() WHERE id = $1`, [orderId]);
  await owner.end();
}
