import request from 'supertest';
import { sql } from '../../base/db';
import { parseUsd } from '../../ground/money';
import { until } from '@lumi/shared/testing';
import { advanceBatch } from './advance';
import { gadgetShop, names } from './test/gadget-shop';

const { shop, service, app, supplier, kinds, worker, bulk, batchOf, finished, owner, recoverNow } = gadgetShop();

describe('POST a bulk of up to ten items', () => {
  it('answers in the order of the items, with ref and result or error of each', async () => {
    const who = await shop.account();
    const { status, body } = await bulk(who, {
      items: [
        { name: 'A1', ref: 'mine' },
        { name: 'refuse-a' },
        { name: '' },
        { name: 'nothing-a' },
        { name: 'sold-a' },
        { name: 'A2', colour: 'red' },
        { name: 'A3', max_price_usd: '0.50' },
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 7, ok: 1, failed: 6 });
    expect(
      (body as { items: { ref: string; status: string; error?: { code: string } }[] }).items.map(
        ({ ref, status: of, error }) => [ref, of, error?.code],
      ),
    ).toEqual([
      ['mine', 'ok', undefined],
      ['refuse-a', 'failed', 'not_available'],
      ['2', 'failed', 'validation_error'],
      ['nothing-a', 'failed', 'not_found'],
      ['sold-a', 'failed', 'out_of_stock'],
      ['A2', 'failed', 'validation_error'],
      ['a3', 'failed', 'price_changed'],
    ]);
    expect((body as { items: { result: unknown }[] }).items[0]?.result).toMatchObject({
      serial: 'serial of A1',
      order: { state: 'completed', batch_id: expect.stringMatching(/^bat_/) },
    });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('99'));
  });

  it('is replayed byte for byte, and buys nothing again', async () => {
    const who = await shop.account();
    const first = await bulk(who, { items: names(3, 'replay') }, { key: 'replay-key-1' });
    const again = await bulk(who, { items: names(3, 'replay') }, { key: 'replay-key-1' });
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await bulk(who, { items: names(4, 'replay') }, { key: 'replay-key-1' })).body).toMatchObject({
      error: { code: 'idempotency_key_reused' },
    });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('97'));
  });

  it('executes one of many identical requests at once', async () => {
    const who = await shop.account();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => bulk(who, { items: names(2, 'twin') }, { key: 'twin-key-1' })),
    );
    expect(new Set(all.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    for (const { status } of all) expect([200, 409]).toContain(status);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('98'));
  });

  it('buys equal items once; items without an identity are each bought', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: [{ name: 'same' }, { name: 'SAME' }, { name: 'any' }, { name: 'any' }] });
    expect(
      (body as { items: { status: string; error?: { code: string; message: string } }[] }).items.map(
        ({ status, error }) => [status, error?.code],
      ),
    ).toEqual([
      ['ok', undefined],
      ['failed', 'state_conflict'],
      ['ok', undefined],
      ['ok', undefined],
    ]);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('97'));
  });

  it('merges the defaults into every item', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, {
      defaults: { price: '2.00', reference: 'r1' },
      items: [{ name: 'd1' }, { name: 'd2', price: '3.00' }],
    });
    expect(body).toMatchObject({
      ok: 2,
      items: [
        { result: { order: { price_usd: '2.00', reference: 'r1' } } },
        { result: { order: { price_usd: '3.00' } } },
      ],
    });
  });

  it('is refused as a whole for a wrong structure, and for too many items before they are read', async () => {
    const who = await shop.account();
    for (const body of [{}, { items: [] }, { items: [1] }, { items: {} }, { items: names(1), colour: 'red' }])
      expect((await bulk(who, body)).status).toBe(422);
    expect((await bulk(who, { items: Array.from({ length: 501 }, () => ({})) })).body).toMatchObject({
      error: { code: 'batch_too_large' },
    });
  });

  it('refuses an unknown field of an item on every try, and stores no value of it', async () => {
    const who = await shop.account();
    const { body } = await bulk(
      who,
      { defaults: { token: 'canary-of-defaults' }, items: [{ name: 'leak', password: 'canary-of-item' }] },
      { prefer: 'respond-async' },
    );
    const { batch_id } = body as { batch_id: string };
    const refused = {
      status: 'completed',
      ok: 0,
      failed: 1,
      items: [{ ref: 'leak', error: { code: 'validation_error' } }],
    };
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject(refused);
    const rows = await service.db.platform.$queryRaw<{ input: unknown }[]>(
      sql`SELECT input FROM platform.batch_item WHERE batch_id = ${batch_id}`,
    );
    expect(rows).toEqual([{ input: { name: 'leak', password: null, token: null } }]);
    await request(app).post(`/batches/${batch_id}/retry`).set(shop.asMoney(who)).send({}).expect(202);
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject(refused);
  });

  it('fails unaffordable items alone; is refused as a whole without balance or cap', async () => {
    const poor = await shop.account({ balance: '2' });
    expect((await bulk(poor, { items: names(4, 'poor'), on_error: 'continue' })).body).toMatchObject({
      ok: 2,
      failed: 2,
    });
    expect((await bulk(poor, { items: names(1, 'more') })).body).toMatchObject({
      error: { code: 'insufficient_balance' },
    });
    const capped = await shop.account({ cap: '2' });
    expect((await bulk(capped, { items: names(4, 'capped') })).body).toMatchObject({ ok: 2, failed: 2 });
    expect((await bulk(capped, { items: names(1, 'more') })).body).toMatchObject({
      error: { code: 'daily_cap_exceeded' },
    });
  });

  it('is refused for a ref that is given twice, before anything is bought or stored', async () => {
    const who = await shop.account();
    const items = [
      { name: 'r1', ref: 'mine' },
      { name: 'r2', ref: 'yours' },
      { name: 'r3', ref: 'mine' },
    ];
    const { status, body } = await bulk(who, { items }, { key: 'ref-key-1' });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      error: {
        code: 'validation_error',
        details: [{ path: 'items.2.ref', message: expect.stringContaining('item 0') }],
      },
    });
    expect((await bulk(who, { items: items.slice(0, 2) }, { key: 'ref-key-1' })).body).toMatchObject({ ok: 2 });
  });

  it('keeps the ref of an invalid item, and names one without a ref by its subject', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, {
      items: [{ ref: 'mine', name: 7 }, { ref: 'yours' }, { name: 'About', price: 7 }, { name: 7 }],
    });
    expect(
      (body as { items: { ref: string; status: string }[] }).items.map(({ ref, status }) => [ref, status]),
    ).toEqual([
      ['mine', 'failed'],
      ['yours', 'failed'],
      ['About', 'failed'],
      ['3', 'failed'],
    ]);
  });

  it('distinguishes items that were not tried from items that were refused because of a state', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, {
      on_error: 'stop',
      items: [{ name: 'one' }, { name: 'ONE' }, { name: 'refuse-it' }, { name: 'two' }, { name: 'three' }],
    });
    expect((body as { items: { error?: { code: string } }[] }).items.map(({ error }) => error?.code)).toEqual([
      undefined,
      'state_conflict',
      'not_available',
      'skipped',
      'skipped',
    ]);
  });

  it('charges nothing in a dry run', async () => {
    const who = await shop.account({ balance: '2' });
    const { body } = await request(app)
      .post('/gadgets/bulk?dry_run=true')
      .set(shop.as(who))
      .send({ items: [...names(2, 'dry'), { name: 'sold-dry' }, { name: '' }] });
    expect(body).toMatchObject({
      total: 4,
      ok: 2,
      failed: 2,
      items: [
        { status: 'ok', result: { would_succeed: true } },
        {},
        { error: { code: 'out_of_stock' } },
        { error: { code: 'validation_error' } },
      ],
    });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('2'));
  });

  it('answers 200 with a pending item when its outcome is unknown; the batch and its key continue', async () => {
    const who = await shop.account();
    supplier.silent.add('silent');
    const first = await bulk(who, { items: [{ name: 'silent' }, { name: 'loud' }] }, { key: 'silent-key-1' });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      total: 2,
      ok: 1,
      failed: 0,
      items: [
        { ref: 'silent', status: 'pending', operation_id: expect.stringMatching(/^op_/) },
        { ref: 'loud', status: 'ok' },
      ],
    });
    const { batch_id } = first.body as { batch_id: string };
    expect(await batchOf(who, batch_id)).toMatchObject({
      status: 'running',
      ok: 1,
      pending: 1,
      items: [{ ref: 'silent', status: 'pending' }, { status: 'ok' }],
    });
    supplier.silent.clear();
    await recoverNow();
    worker();
    await finished(who, batch_id);
    const replay = await bulk(who, { items: [{ name: 'silent' }, { name: 'loud' }] }, { key: 'silent-key-1' });
    expect([replay.status, replay.text, replay.headers['idempotent-replayed']]).toEqual([200, first.text, 'true']);
    expect(await batchOf(who, batch_id)).toMatchObject({
      status: 'completed',
      ok: 2,
      failed: 0,
      items: [{ ref: 'silent', status: 'ok' }, { status: 'ok' }],
    });
  });

  it('is finished by the worker when its process died, stored answer included', async () => {
    const who = await shop.account();
    let calls = 0;
    let wakeUp: () => void = () => undefined;
    const dead = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    supplier.beforeAct = () => (calls++ < 2 ? dead : Promise.resolve());
    const lost = bulk(who, { items: names(2, 'died') }, { key: 'died-key-1' }).then(({ status }) => status);
    const [row] = await until(async () => {
      const rows = await service.db.platform.$queryRaw<{ id: string }[]>(
        sql`SELECT b.id FROM platform.batch b WHERE b.idem_key = 'died-key-1' AND (SELECT count(*)
          FROM platform.batch_item i WHERE i.batch_id = b.id AND i.order_id IS NOT NULL) = 2`,
      );
      return rows.length > 0 && rows;
    });
    await owner(
      `UPDATE platform.batch_item SET lease_until = now() - interval '1 second' WHERE state = 'running';
        UPDATE platform.batch SET touched_at = now() - interval '1 minute' WHERE finished_at IS NULL`,
    );
    await recoverNow();
    worker();
    const id = row?.id ?? '';
    expect(await finished(who, id)).toMatchObject({ status: 'completed', ok: 2 });
    expect((await bulk(who, { items: names(2, 'died') }, { key: 'died-key-1' })).body).toMatchObject({
      total: 2,
      ok: 2,
    });
    // It was not dead after all. It buys nothing again, and its connection ends with the file.
    wakeUp();
    expect(await lost).toBe(200);
    expect(supplier.order).toHaveLength(2);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('98'));
  });
});
