import request from 'supertest';
import { sql } from '../../base/db';
import { until, type TestAccount } from '@lumi/shared/testing';
import { advanceBatch } from './advance';
import { gadgetShop, names } from './test/gadget-shop';
import { bulkKind } from '.';

const { shop, service, app, supplier, gadgets, kinds, worker, bulk, batchOf, finished, owner } = gadgetShop();

describe('POST /batches/{batch_id}/cancel', () => {
  it('starts no further item; items under way end normally', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: names(50, 'cancel') });
    const { batch_id } = body as { batch_id: string };
    await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000));
    const cancelled = await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(200);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', ok: 10, failed: 40, pending: 0 });
    await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(409);
    expect(supplier.order).toHaveLength(10);
  });

  it('answers 404 for a batch of another account', async () => {
    const [who, other] = [await shop.account(), await shop.account()];
    const { body } = await bulk(who, { items: names(20, 'hidden') });
    const { batch_id } = body as { batch_id: string };
    const unknown = 'bat_01k000000000000000000000';
    for (const [method, path] of [
      ['get', ''],
      ['post', '/cancel'],
    ] as const) {
      const foreign = await request(app)[method](`/batches/${batch_id}${path}`).set(shop.as(other));
      const missing = await request(app)[method](`/batches/${unknown}${path}`).set(shop.as(other));
      expect([foreign.status, (foreign.body as { error: { code: string } }).error.code]).toEqual([
        missing.status,
        (missing.body as { error: { code: string } }).error.code,
      ]);
      expect(foreign.status).toBe(404);
    }
    expect((await request(app).post(`/batches/${batch_id}/retry`).set(shop.asMoney(other)).send({})).status).toBe(404);
    expect((await request(app).get('/batches').set(shop.as(other))).body).toMatchObject({ items: [] });
    expect((await request(app).get('/batches').set(shop.as(who))).body).toMatchObject({
      items: [{ id: batch_id, total: 20 }],
    });
    await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(200);
  });
});

describe('POST /batches/{batch_id}/retry', () => {
  const retry = (who: TestAccount, id: string, body: object, key?: string) =>
    request(app).post(`/batches/${id}/retry`).set(shop.asMoney(who, key)).send(body);

  it('costs one money token for each item that is tried again', async () => {
    const who = await shop.account({ balance: '1' });
    const { body } = await bulk(who, { items: names(11, 'token') }, {});
    const { batch_id } = body as { batch_id: string };
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 1, failed: 10 });
    await owner(`SELECT platform.adjust('trf_tokens', '${who.accountId}', 1000000, 'more', NULL, NULL, NULL)`);
    // One token a minute: ten of them take many minutes to refill, even when this test runs slowly.
    const slow = await shop.keyOf(who.accountId, { moneyPerMinute: 1 });
    expect((await retry(slow, batch_id, {})).body).toMatchObject({ retried: 10 });
    const next = await retry(slow, batch_id, {});
    expect(next.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect(Number(next.headers['retry-after'])).toBeGreaterThan(300);
  });

  it('tries failed items again, by code, but no item that was bought or is a duplicate', async () => {
    const who = await shop.account({ balance: '3' });
    const { body } = await bulk(
      who,
      { items: [...names(5, 'again'), { name: 'again-0' }, { name: 'nothing-again' }] },
      { prefer: 'respond-async' },
    );
    const { batch_id } = body as { batch_id: string };
    expect((await retry(who, batch_id, {})).body).toMatchObject({ error: { code: 'state_conflict' } });
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject({ status: 'completed', ok: 3, failed: 4 });
    expect((await retry(who, batch_id, { error_codes: ['insufficient_balance'] })).body).toMatchObject({
      error: { code: 'insufficient_balance' },
    });
    await owner(`SELECT platform.adjust('trf_again', '${who.accountId}', 1000000, 'more', NULL, NULL, NULL)`);
    expect((await retry(who, batch_id, { error_codes: ['nonsense'] })).status).toBe(422);
    const first = await retry(who, batch_id, { error_codes: ['insufficient_balance'] }, 'retry-key-1');
    expect(first.body).toMatchObject({ batch_id, status: 'queued', retried: 2 });
    expect((await retry(who, batch_id, { error_codes: ['insufficient_balance'] }, 'retry-key-1')).text).toBe(
      first.text,
    );
    worker();
    expect(await finished(who, batch_id)).toMatchObject({ ok: 5, failed: 2 });
    expect((await batchOf(who, batch_id, '?status=failed')).items.map(({ error }) => error?.code)).toEqual([
      'state_conflict',
      'not_found',
    ]);
    expect((await retry(who, batch_id, { error_codes: ['state_conflict'] })).body).toMatchObject({
      error: { code: 'state_conflict' },
    });
  });
});

describe('a worker that lost its lease', () => {
  it('can order nothing, because the database takes orders from the current attempt only', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: names(11, 'lost') });
    const { batch_id } = body as { batch_id: string };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Its process pauses between the lease and the money step, past the end of the lease.
    const frozen = bulkKind({
      ...gadgets,
      item: gadgets.item,
      identify: () => ({ subject: '', once: null }),
      prepare: async (accountId, bodies) => {
        await held;
        return gadgets.prepare(accountId, bodies as never[]);
      },
    });
    const late = advanceBatch(service, new Map([[gadgets.id, frozen]]), batch_id, AbortSignal.timeout(20_000));
    await until(async () => {
      const rows = await service.db.platform.$queryRaw<{ n: number }[]>(
        sql`SELECT count(*)::int AS n FROM platform.batch_item WHERE batch_id = ${batch_id} AND state = 'running'`,
      );
      return rows[0]?.n === 10;
    });
    await owner(`UPDATE platform.batch_item SET lease_until = now() - interval '1 second' WHERE state = 'running'`);
    await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(200);
    release();
    await late;
    expect(supplier.order).toEqual([]);
    expect(await batchOf(who, batch_id)).toMatchObject({ status: 'cancelled', ok: 0, failed: 11 });
  });
});

// Last, because it leaves batches behind.
describe('a step', () => {
  it("takes no more items than its limit, whatever the planner's statistics say", async () => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: shop.database.ownerUrl });
    await client.connect();
    try {
      // Without statistics on the new batch the planner estimates one item. Then it may read either side of the join
      // again for each row of the other.
      for (const before of [0, 1, 20]) {
        for (let i = 0; i < before; i += 1) await bulk(await shop.account(), { items: names(30, 'earlier') });
        await client.query('ANALYZE platform.batch_item');
        const { body } = await bulk(await shop.account(), { items: names(60, 'limit') });
        await client.query('DISCARD PLANS');
        const { rows } = await client.query(`SELECT item FROM platform.batch_take('vps', $1, 10, 15000)`, [
          (body as { batch_id: string }).batch_id,
        ]);
        expect([before, rows.map((row: { item: number }) => row.item)]).toEqual([
          before,
          [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ]);
      }
    } finally {
      await client.end();
    }
  });
});
