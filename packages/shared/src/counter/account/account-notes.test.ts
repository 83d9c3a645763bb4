// Events about the account itself: its keys and its balance. Each is in the transaction of the change, and once.
import request from 'supertest';
import { newId } from '../../ground/contract';
import { parseUsd } from '../../ground/money';
import { inTransaction } from '../../base/db';
import { issueKey, revokeKey, rollKey } from '../../base/keys';
import { adjustWallet } from '../../base/ledger';
import type { TestAccount } from '../../testing';
import { accountNotesLoop } from './account-notes';
import { accountFixture } from './test/account-fixture';
import { ownerOf } from './test/owner-client';

const { api, get, buy } = accountFixture();
const owner = ownerOf(api.database);

interface Written {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly actor: string | null;
}

const written = async (accountId: string, types: string): Promise<Written[]> =>
  (
    await owner().query<Written>(
      `SELECT id, type, data, actor FROM platform.event WHERE account_id = $1 AND starts_with(type, $2) ORDER BY seq`,
      [accountId, types],
    )
  ).rows;
const round = () => accountNotesLoop(api.service).run();
const adjust = (accountId: string, amount: string) =>
  inTransaction(api.service.admin, (tx) =>
    adjustWallet(tx, api.service.clock, {
      accountId,
      amount: parseUsd(amount),
      reason: 'A test',
      product: null,
      keyId: null,
      idempotencyKey: null,
    }),
  );
const setLow = (who: TestAccount, amount: string | null) =>
  request(api.app).patch('/balance').set(api.as(who)).send({ low_balance_usd: amount });

describe('a key', () => {
  const admin = () => api.service.admin.pool;
  const issue = (accountId: string, expiresAt: Date | null = null) =>
    issueKey(admin(), api.rings, {
      product: 'domains',
      type: 'reseller',
      accountId,
      scopes: ['domains:read'],
      expiresAt,
      by: 'operator',
    });

  it('is reported when it is issued, rolled and revoked, with the actor and without a secret', async () => {
    const { accountId } = await api.account();
    const made = await issue(accountId);
    const rolled = await rollKey(admin(), api.rings, { keyId: made.id, overlapSeconds: 3_600, by: 'key_of_operator' });
    await revokeKey(admin(), rolled.id, 'operator');
    await revokeKey(admin(), rolled.id, 'operator');
    const of = (await written(accountId, 'key.')).filter(({ data }) =>
      [made.id, rolled.id].includes((data as { key_id: string }).key_id),
    );
    expect(of.map(({ type, data, actor }) => [type, data, actor])).toEqual([
      ['key.issued', { key_id: made.id, product: 'domains', scopes: ['domains:read'], expires_at: null }, 'operator'],
      [
        'key.rolled',
        { key_id: made.id, product: 'domains', new_key_id: rolled.id, expires_at: expect.stringMatching(/Z$/) },
        'key_of_operator',
      ],
      ['key.revoked', { key_id: rolled.id, product: 'domains' }, 'operator'],
    ]);
    expect(of.every(({ id }) => /^evt_[0-9a-hjkmnp-tv-z]{24}$/.test(id))).toBe(true);
    // The time in the id is that of the code's ids, so that both sort together.
    expect(of[0]?.id.slice(4, 9)).toBe(newId('evt', Date.now()).slice(4, 9));
  });

  it('is reported once before it expires, unless it has a successor', async () => {
    const { accountId } = await api.account();
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    const [soon, replaced] = [await issue(accountId, inDays(6)), await issue(accountId, inDays(6))];
    await issue(accountId, inDays(8));
    await rollKey(admin(), api.rings, { keyId: replaced.id, overlapSeconds: 3_600, expiresAt: null });
    await Promise.all([round(), round()]);
    await round();
    expect((await written(accountId, 'key.expiring')).map(({ data }) => data)).toEqual([
      { key_id: soon.id, product: 'domains', expires_at: expect.stringMatching(/Z$/) },
    ]);
  });

  it('is reported once a day when its cap refuses a purchase; a rehearsal writes nothing', async () => {
    const who = await api.account({ cap: '0.5' });
    await request(api.app).post('/gadgets?dry_run=true').set(api.asMoney(who)).send({ name: 'dry' }).expect(402);
    expect(await written(who.accountId, 'key.cap_reached')).toEqual([]);
    await Promise.all(['one', 'two', 'three'].map((name) => buy(who, { name }).expect(402)));
    expect((await written(who.accountId, 'key.cap_reached')).map(({ data, actor }) => [data, actor])).toEqual([
      [
        {
          key_id: who.keyId,
          product: 'domains',
          daily_cap_usd: '0.50',
          spent_usd: '0.00',
          resets_at: expect.stringMatching(/T00:00:00Z$/),
        },
        who.keyId,
      ],
    ]);
    expect(await api.audit()).toEqual([]);
  });
});

describe('a balance', () => {
  it('is reported when an operator corrects it', async () => {
    const { accountId } = await api.account({ balance: '10' });
    await adjust(accountId, '-2.0001');
    expect((await written(accountId, 'balance.adjusted')).map(({ data, actor }) => [data, actor])[0]).toEqual([
      {
        transaction_id: expect.stringMatching(/^trf_/),
        amount_usd: '-2.0001',
        balance_usd: '7.9999',
        reason: 'A test',
      },
      'operator',
    ]);
    await expect(adjust(accountId, '-100')).rejects.toMatchObject({ code: 'insufficient_balance' });
    expect(await written(accountId, 'balance.adjusted')).toHaveLength(1);
  });

  it('is reported each time that it falls below the amount that its owner has set', async () => {
    const who = await api.account({ balance: '110' });
    const low = async () => (await written(who.accountId, 'balance.low')).map(({ data }) => data);
    expect((await setLow(who, '100').expect(200)).body.low_balance_usd).toBe('100.00');
    expect((await get('/balance', who)).body.low_balance_usd).toBe('100.00');
    await adjust(who.accountId, '-10');
    expect(await low()).toEqual([]);
    await adjust(who.accountId, '-0.5');
    await adjust(who.accountId, '-0.5');
    expect(await low()).toEqual([{ available_usd: '99.50', low_balance_usd: '100.00' }]);
    await adjust(who.accountId, '1');
    // What a purchase holds is no longer available.
    await buy(who, { name: 'low' }).expect(201);
    expect(await low()).toHaveLength(2);
    await adjust(who.accountId, '50');
    await setLow(who, null).expect(200);
    await adjust(who.accountId, '-70');
    expect(await low()).toHaveLength(2);
    expect(await api.audit()).toEqual([]);
  });

  it.each([{}, { low_balance_usd: '-1' }, { low_balance_usd: 5 }, { low_balance_usd: 'x' }])(
    'refuses the amount of %j and keeps the one before',
    async (body) => {
      const who = await api.account();
      await setLow(who, '3').expect(200);
      const { status, body: answer } = await request(api.app).patch('/balance').set(api.as(who)).send(body);
      expect([status, answer.error.details[0].path]).toEqual([422, 'low_balance_usd']);
      expect((await get('/balance', who)).body.low_balance_usd).toBe('3.00');
    },
  );

  it('is reported once a UTC day when it does not cover the renewals of 30 days', async () => {
    const renews = async (accountId: string, price: string, days: number, isAuto = true) =>
      owner().query(
        `INSERT INTO platform.lifecycle (product, noun, resource, account_id, term, auto_renew, price)
          VALUES ('vps', 'plant', $1, $2, now() + make_interval(days => $3), $4, $5)`,
        [`${accountId} ${price}`, accountId, days, isAuto, parseUsd(price).toString()],
      );
    const [short, rich] = [await api.account({ balance: '10' }), await api.account({ balance: '100' })];
    await renews(short.accountId, '8', 3);
    await renews(short.accountId, '4', 29);
    await renews(short.accountId, '50', 31);
    await renews(short.accountId, '60', 2, false);
    await renews(rich.accountId, '90', 2);
    const told = async ({ accountId }: TestAccount) =>
      (await written(accountId, 'balance.insufficient')).map(({ data }) => data);
    await Promise.all([round(), round()]);
    await round();
    const event = { days: 30, due_usd: '12.00', available_usd: '10.00', shortfall_usd: '2.00' };
    expect([await told(short), await told(rich)]).toEqual([[event], []]);
    await owner().query(`UPDATE platform.wallet SET renewals_told = renewals_told - 1`);
    await round();
    expect(await told(short)).toEqual([event, event]);
    await owner().query(`UPDATE platform.wallet SET renewals_told = renewals_told - 1`);
    await adjust(short.accountId, '2');
    await round();
    expect(await told(short)).toEqual([event, event]);
  });
});
