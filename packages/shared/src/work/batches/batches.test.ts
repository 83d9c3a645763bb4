import { parseUsd } from '../../ground/money';
import { until } from '@lumi/shared/testing';
import { advanceBatch } from './advance';
import { gadgetShop, names } from './test/gadget-shop';

const { shop, service, supplier, kinds, startWorker, worker, bulk, batchOf, finished, owner, recoverNow, flushQueue } =
  gadgetShop();

describe('POST a bulk of more items', () => {
  it('is accepted at once, and the worker buys each item once', async () => {
    const who = await shop.account({ balance: '1000' });
    supplier.beforeAct = () => new Promise((resolve) => setTimeout(resolve, 20));
    const before = performance.now();
    const { status, body, headers } = await bulk(who, { items: names(500, 'many') });
    const acceptedMs = performance.now() - before;
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'queued', total: 500 });
    expect(headers['location']).toMatch(/^\/hosting\/api\/v1\/batches\/bat_/);
    const start = performance.now();
    worker();
    const batch = await finished(who, (body as { batch_id: string }).batch_id);
    process.stdout.write(
      `accepted in ${acceptedMs.toFixed(0)} ms, drained at ` +
        `${(500_000 / (performance.now() - start)).toFixed(0)} items/s\n`,
    );
    expect(batch).toMatchObject({ status: 'completed', ok: 500, failed: 0, pending: 0, has_more: true });
    expect(batch.items).toHaveLength(200);
    expect(supplier.order).toHaveLength(500);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('500'));
    const second = await batchOf(
      who,
      (body as { batch_id: string }).batch_id,
      `?cursor=${String(batch['next_cursor'])}`,
    );
    expect(second.items[0]?.ref).toBe('many-200');
  });

  it('is also queued for few items with `Prefer: respond-async`', async () => {
    const who = await shop.account();
    const { status, body } = await bulk(who, { items: names(2, 'prefer') }, { prefer: 'respond-async' });
    expect(status).toBe(202);
    worker();
    expect(await finished(who, (body as { batch_id: string }).batch_id)).toMatchObject({ ok: 2 });
  });

  it('is completed when workers die twice in the middle and the queue loses all jobs', async () => {
    const who = await shop.account({ balance: '1000' });
    supplier.beforeAct = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { body } = await bulk(who, { items: names(120, 'killed') });
    const { batch_id } = body as { batch_id: string };
    for (const done of [10, 40]) {
      const victim = startWorker();
      await until(() => supplier.order.length > done);
      await victim.abandon();
      await flushQueue();
      await owner(
        `UPDATE platform.batch_item SET lease_until = now() WHERE state = 'running'; UPDATE platform.batch
          SET touched_at = now() - interval '1 minute' WHERE finished_at IS NULL`,
      );
      await recoverNow();
    }
    worker();
    await finished(who, batch_id).catch(async (err: unknown) => {
      throw new Error(JSON.stringify({ ...(await batchOf(who, batch_id)), items: [] }), { cause: err });
    });
    expect(new Set(supplier.order).size).toBe(120);
    expect(supplier.order).toHaveLength(120);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('880'));
  });

  it('delays no small batch, of the same account or of another', async () => {
    const big = await shop.account({ balance: '1000' });
    const small = await shop.account();
    for (let i = 0; i < 3; i += 1) await bulk(big, { items: names(60, `big${String(i)}`) });
    const same = await bulk(big, { items: names(5, 'same-account') }, { prefer: 'respond-async' });
    const other = await bulk(small, { items: names(5, 'other-account') }, { prefer: 'respond-async' });
    worker();
    await finished(big, (same.body as { batch_id: string }).batch_id);
    await finished(small, (other.body as { batch_id: string }).batch_id);
    const lastSmall = Math.max(...supplier.order.flatMap((name, i) => (name.includes('account') ? [i] : [])));
    await until(() => supplier.order.length === 190, { timeoutMs: 100_000 });
    expect(lastSmall).toBeLessThan(100);
  });
});

describe('on_error: stop', () => {
  it('tries no item after the one that failed', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, {
      on_error: 'stop',
      items: [...names(3, 'stop'), { name: 'refuse-stop' }, ...names(3, 'late')],
    });
    expect(body).toMatchObject({ ok: 3, failed: 4 });
    expect((body as { items: { error?: { code: string } }[] }).items.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      'not_available',
      'skipped',
      'skipped',
      'skipped',
    ]);
    expect(supplier.order).toEqual(['stop-0', 'stop-1', 'stop-2']);
  });

  it('works with several workers, and waits for an unknown outcome', async () => {
    const who = await shop.account();
    supplier.silent.add('halt-7');
    const { body } = await bulk(who, { on_error: 'stop', items: [...names(20, 'halt')] });
    const { batch_id } = body as { batch_id: string };
    worker();
    worker();
    await until(async () => (await batchOf(who, batch_id)).ok === 7);
    await Promise.all(
      Array.from({ length: 5 }, () => advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))),
    );
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 7, failed: 0, pending: 13 });
    supplier.silent.clear();
    await recoverNow();
    expect(await finished(who, batch_id)).toMatchObject({ ok: 20 });
  });
});

describe('max_total_usd', () => {
  it('is never exceeded; items are bought in their order while they fit', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, {
      max_total_usd: '5.00',
      items: [
        { name: 'm1', price: '2.00' },
        { name: 'refuse-m', price: '3.00' },
        { name: 'm2', price: '2.50' },
        { name: 'm3', price: '1.00' },
        { name: 'm4', price: '0.50' },
      ],
    });
    expect(
      (body as { items: { status: string; error?: { code: string } }[] }).items.map(({ status, error }) => [
        status,
        error?.code,
      ]),
    ).toEqual([
      ['ok', undefined],
      ['failed', 'not_available'],
      ['ok', undefined],
      ['failed', 'price_changed'],
      ['ok', undefined],
    ]);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('95'));
  });

  it('is kept with many workers', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { max_total_usd: '12.00', items: names(30, 'total') });
    const { batch_id } = body as { batch_id: string };
    await until(async () => {
      await Promise.all(
        Array.from({ length: 4 }, () => advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))),
      );
      return (await batchOf(who, batch_id))['finished_at'] !== null;
    });
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 12, failed: 18 });
  });
});
