import type request from 'supertest';
import { type TestAccount, type TestKey } from '../../testing';
import { accountFixture, bytesOf } from './test/account-fixture';

const { api, get, buy, randomId } = accountFixture();

describe('GET /transactions', () => {
  let account: TestAccount;
  let operator: TestKey;
  beforeAll(async () => {
    account = await api.account();
    operator = await api.operator();
    for (const name of ['t-1', 't-2', '=cmd()', 'a "b", c'])
      await buy(account, { name }, `transaction ${name}`.replaceAll(/[^\x21-\x7e]/g, '-')).expect(201);
    await buy(account, { name: 't-refused', ending: 'refused' }).expect(409);
  });

  it('lists only posted lines, newest first; their sum is the balance', async () => {
    const { body } = await get('/transactions', account);
    expect(body.items.map((line: { amount_usd: string }) => line.amount_usd)).toEqual([
      '-9.99',
      '-9.99',
      '-9.99',
      '-9.99',
      '100.00',
    ]);
    expect(body.items[0]).toMatchObject({
      type: 'charge',
      balance_after_usd: '60.04',
      product: 'domains',
      description: 'Gadget a "b", c',
      user_id: account.accountId,
      key_id: account.keyId,
      order_id: expect.stringMatching(/^ord_/),
    });
    expect(body).toMatchObject({ next_cursor: null, has_more: false });
    expect((await api.balance(account.accountId)).posted).toBe(600_400n);
  });

  it('pages without losing or repeating a line', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: request.Response = await get(
        `/transactions?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        account,
      );
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
    expect(
      (await get('/transactions?from=2020-01-01T00:00:00%2B02:00&to=2099-01-01', account)).body.items,
    ).toHaveLength(5);
    expect((await get('/transactions?to=2020-01-01', account)).body.items).toEqual([]);
  });

  it('exports CSV in which no cell is a formula', async () => {
    const answer = await get('/transactions?format=csv', account);
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const lines = answer.text.split('\r\n');
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe(
      'id,created_at,type,amount_usd,balance_after_usd,product,description,order_id,deposit_id,key_id,idempotency_key,user_id',
    );
    expect(lines[1]).toContain(',charge,-9.99,60.04,domains,"Gadget a ""b"", c",');
    expect(answer.text).not.toMatch(/(^|,)"?=/m);
  });

  it("hides an operator's key and request of an adjustment from the account", async () => {
    const mine = (await get('/transactions?type=adjustment', account)).body.items[0];
    expect(mine).toMatchObject({ key_id: null, idempotency_key: null });
  });

  it('gives an operator the lines of all accounts, or of one', async () => {
    const other = await api.account({ balance: '1' });
    const all = (await get('/transactions?limit=200', operator)).body.items.map(
      (line: { user_id: string }) => line.user_id,
    );
    expect(all).toEqual(expect.arrayContaining([account.accountId, other.accountId]));
    expect((await get(`/transactions?user_id=${other.accountId}`, operator)).body.items).toHaveLength(1);
  });

  it('answers 404 for a line of another account, like for an unknown one', async () => {
    const line = (await get('/transactions', account)).body.items[0];
    expect((await get(`/transactions/${line.id}`, account)).body).toEqual(line);
    const stranger = await api.account();
    const answers = await Promise.all([
      get(`/transactions/${line.id}`, stranger),
      get(`/transactions/${randomId('trf')}`, stranger),
      get('/transactions/nonsense', stranger),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404]);
    expect(new Set(answers.map(bytesOf)).size).toBe(1);
  });

  it.each([
    'type=hold',
    'from=yesterday',
    'limit=0',
    'limit=201',
    'format=xml',
    'format=csv&limit=5',
    'cursor=abc',
    'type=charge&type=refund',
  ])('answers 422 for %s', async (query) => {
    expect((await get(`/transactions?${query}`, account)).status).toBe(422);
  });

  it('answers 422 for a cursor of another account or filter', async () => {
    const { body } = await get('/transactions?limit=1', account);
    expect((await get(`/transactions?limit=1&cursor=${body.next_cursor}`, await api.account())).status).toBe(422);
    expect((await get(`/transactions?type=charge&cursor=${body.next_cursor}`, account)).status).toBe(422);
    expect((await get(`/orders?cursor=${body.next_cursor}`, account)).status).toBe(422);
  });
});
