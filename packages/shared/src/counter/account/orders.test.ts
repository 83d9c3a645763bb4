import { ERROR_CODES } from '../../ground/contract';
import { recoverOrders, type AnyThingSold } from '../../work/purchase';
import { gadget, type TestAccount } from '../../testing';
import { accountFixture, bytesOf } from './test/account-fixture';

const { api, get, buy, randomId } = accountFixture();

describe('GET /orders', () => {
  let account: TestAccount;
  beforeAll(async () => {
    account = await api.account();
    await buy(account, { name: 'o-done', reference: 'mine-1', tags: ['red', 'big'] }).expect(201);
    await buy(account, { name: 'o-refused', ending: 'refused', tags: ['red'] }).expect(409);
    await buy(account, { name: 'o-pending', ending: 'pending', metadata: { note: 'x' } }).expect(202);
  });
  const subjects = async (query: string): Promise<string[]> =>
    (await get(`/orders?${query}`, account)).body.items.map((order: { subject: string }) => order.subject);

  it('lists orders newest first, refused ones included', async () => {
    const { body } = await get('/orders', account);
    expect(
      body.items.map(({ subject, state, money, error }: Record<string, unknown>) => ({ subject, state, money, error })),
    ).toEqual([
      {
        subject: 'o-pending',
        state: 'processing',
        money: { held_usd: '9.99', captured_usd: '0.00', released_usd: '0.00' },
        error: null,
      },
      {
        subject: 'o-refused',
        state: 'failed',
        money: { held_usd: '0.00', captured_usd: '0.00', released_usd: '9.99' },
        error: {
          code: 'not_available',
          message: ERROR_CODES.not_available.sentence,
          details: [{ path: 'Idempotency-Key', message: expect.any(String) }],
        },
      },
      {
        subject: 'o-done',
        state: 'completed',
        money: { held_usd: '0.00', captured_usd: '9.99', released_usd: '0.00' },
        error: null,
      },
    ]);
    expect(await api.audit()).toEqual([]);
  });

  it.each([
    ['state=processing', ['o-pending']],
    ['state=completed', ['o-done']],
    ['state=failed', ['o-refused']],
    ['kind=gadget&tag=red', ['o-refused', 'o-done']],
    ['tag=big', ['o-done']],
    ['reference=mine-1', ['o-done']],
    ['batch_id=bat_none', []],
    ['kind=other', []],
  ])('filters by %s', async (query, expected) => {
    expect(await subjects(query)).toEqual(expected);
  });

  it('answers 404 for an order of another account, like for an unknown one', async () => {
    const order = (await get('/orders', account)).body.items[0];
    expect((await get(`/orders/${order.id}`, account)).body).toEqual(order);
    const stranger = await api.account();
    const answers = await Promise.all([
      get(`/orders/${order.id}`, stranger),
      get(`/orders/${randomId('ord')}`, stranger),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
    expect((await get(`/orders/${order.id}`, await api.operator())).body).toEqual(order);
  });

  it('answers 422 for an unknown state', async () => {
    expect((await get('/orders?state=done', account)).status).toBe(422);
  });
});

describe('GET /operations', () => {
  it('shows an order as an operation', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-1', ending: 'pending' }).expect(202);
    const answer = await get(`/operations/${bought.body.operation_id}`, account);
    expect(answer.body).toMatchObject({
      id: bought.body.operation_id,
      order_id: bought.body.order.id,
      kind: 'gadget',
      subject: 'op-1',
      state: 'processing',
      progress: { done: 0, total: 1 },
      waiting_for: 'supplier',
      money: { held_usd: '9.99' },
      error: null,
      finished_at: null,
    });
    expect((await get('/operations?state=processing', account)).body.items).toEqual([answer.body]);
    expect((await get('/operations?state=completed', account)).body.items).toEqual([]);
  });

  it('with wait: answers as soon as the operation is finished', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-wait', ending: 'unknown' }).expect(202);
    const waiting = Promise.all([
      get(`/operations/${bought.body.operation_id}?wait=30`, account),
      get(`/operations/${bought.body.operation_id}?wait=30`, account),
    ]);
    await makeDue(bought.body.order.id);
    await recoverOrders(api.service.purchases, new Map<string, AnyThingSold>([['gadget', gadget]]), 'domains');
    for (const answer of await waiting)
      expect(answer.body).toMatchObject({
        state: 'completed',
        progress: { done: 1, total: 1 },
        waiting_for: null,
        money: { captured_usd: '9.99' },
      });
    expect(await api.audit()).toEqual([]);
  });

  it('with wait: answers the unfinished operation when the time is over', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'op-long', ending: 'pending' }).expect(202);
    const answer = await get(`/operations/${bought.body.operation_id}?wait=1`, account);
    expect(answer.body.state).toBe('processing');
  });

  it('answers 404 at once for an operation of another account, like for an unknown one', async () => {
    const [account, stranger] = [await api.account(), await api.account()];
    const bought = await buy(account, { name: 'op-foreign' }).expect(201);
    const id = bought.body.order.operation_id;
    const answers = await Promise.all([
      get(`/operations/${id}?wait=30`, stranger),
      get(`/operations/${randomId('op')}?wait=30`, stranger),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
    expect(bytesOf(answers[0])).toBe(bytesOf(answers[1]));
  });

  it.each(['wait=31', 'wait=-1', 'wait=1.5', 'wait='])('answers 422 for %s', async (query) => {
    expect((await get(`/operations/${randomId('op')}?${query}`, await api.account())).status).toBe(422);
  });
});

describe('GET /requests', () => {
  it('says how a request ended', async () => {
    const account = await api.account();
    const bought = await buy(account, { name: 'r-1' }, 'request/one%2B').expect(201);
    const expected = {
      idempotency_key: 'request/one%2B',
      state: 'done',
      status_code: 201,
      response: bought.body,
      order_id: bought.body.order.id,
      operation_id: bought.body.order.operation_id,
      deposit_id: null,
      request_id: expect.stringMatching(/^req_/),
      created_at: expect.any(String),
      done_at: expect.any(String),
    };
    expect((await get(`/requests?idempotency_key=${encodeURIComponent('request/one%2B')}`, account)).body).toEqual(
      expected,
    );
    const refused = await buy(account, { name: 'r-2', ending: 'refused' }, 'request-two').expect(409);
    expect((await get('/requests/request-two', account)).body).toMatchObject({
      state: 'done',
      status_code: 409,
      response: refused.body,
    });
    await buy(account, { name: 'r-3', ending: 'pending' }, 'request-three').expect(202);
    expect((await get('/requests/request-three', account)).body).toMatchObject({
      state: 'in_progress',
      status_code: null,
      response: null,
      operation_id: expect.stringMatching(/^op_/),
    });
  });

  it('is shared by the keys of one account; keys of other accounts and unknown keys find none', async () => {
    const [account, stranger, operator] = [await api.account(), await api.account(), await api.operator()];
    await buy(account, { name: 'r-4' }, 'request-four').expect(201);
    expect((await get('/requests/request-four', await api.keyOf(account.accountId))).body.state).toBe('done');
    for (const who of [stranger, operator]) {
      const [foreign, unknown] = await Promise.all([
        get('/requests/request-four', who),
        get('/requests/request-none', who),
      ]);
      expect(foreign.body).toEqual({ ...unknown.body, idempotency_key: 'request-four' });
      expect(unknown.body).toMatchObject({ state: 'none', status_code: null, response: null, created_at: null });
    }
  });
});

/** As after the deadline of the order. */
async function makeDue(orderId: string): Promise<void> {
  const { Client } = await import('pg');
  const owner = new Client({ connectionString: api.database.ownerUrl });
  await owner.connect();
  await owner.query(`UPDATE platform.orders SET wake_at = now() WHERE id = $1`, [orderId]);
  await owner.end();
}
