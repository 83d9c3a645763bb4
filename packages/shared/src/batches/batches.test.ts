import request from 'supertest';
import { z } from 'zod';
import { AppError } from '../contract';
import { sql } from '../db';
import { parseUsd } from '../money';
import { purchaseFields, recoverOrders, thingSold, viewOrder, type LookUp, type Outcome } from '../purchase';
import { startWork, type Work } from '../service';
import { testService, until, type TestAccount } from '@lumi/shared/testing';
import { advanceBatch } from './advance';
import { batchParts, bulkKind, type BatchParts } from '.';

// 500 purchases take their time on a machine that runs other test files beside this one.
jest.setTimeout(120_000);

type Gadget = { readonly name: string };
type Serial = { readonly serial: string };

/** A supplier that executes one reference once, and plays what the name asks for. */
const supplier = {
  executed: new Map<string, string>(), // order id → name
  /** What happens on the way to it, before anything is executed. */
  beforeAct: (_name: string): Promise<void> => Promise.resolve(),
  /** Names whose outcome nobody can tell at the moment. */
  silent: new Set<string>(),
  order: [] as string[],
};

function execute(orderId: string, name: string): Outcome<Serial> {
  if (name.startsWith('refuse')) return { kind: 'refused', code: 'not_available' };
  if (!supplier.executed.has(orderId)) supplier.order.push(name);
  supplier.executed.set(orderId, name);
  return { kind: 'done', result: { serial: `serial of ${name}` } };
}

const gadget = thingSold<Gadget, Serial>({
  kind: 'gadget',
  describe: (order) => `Gadget ${order.item.name}`,
  act: async (order) => {
    await supplier.beforeAct(order.item.name);
    const outcome = execute(order.id, order.item.name);
    return supplier.silent.has(order.item.name) ? { kind: 'unknown' } : outcome;
  },
  lookUp: (order): Promise<LookUp<Serial>> => {
    if (supplier.silent.has(order.item.name)) return Promise.resolve({ kind: 'unknown' });
    return Promise.resolve(supplier.executed.has(order.id) ? execute(order.id, order.item.name) : { kind: 'absent' });
  },
  deliver: () => [],
  answer: (order, result) => ({ status: 201, body: { serial: result.serial, order: viewOrder(order) } }),
  events: () => [],
});

const gadgets = bulkKind({
  id: 'bulk-gadgets', path: '/gadgets/bulk', tag: 'Test', summary: 'Buy gadgets', description: 'For tests.',
  item: z.object({ name: z.string().min(1).max(64), price: z.string().optional(), ...purchaseFields }), itemExample: { name: 'a' },
  identify: ({ name }) => ({ subject: name.toLowerCase(), once: name.startsWith('any') ? null : name.toLowerCase() }),
  prepare: (_accountId, bodies) => Promise.resolve(bodies.map(({ name, price }) => {
    if (name.startsWith('nothing')) return new AppError('not_found');
    return { thing: gadget, item: { name }, subject: name.toLowerCase(), lockKey: null, price: parseUsd(price ?? '1.00'), refusal: name.startsWith('sold') ? new AppError('out_of_stock') : null };
  })),
});

let parts: BatchParts;
const shop = testService({
  product: 'vps',
  endpoints: (service) => {
    parts = batchParts(service, [gadgets]);
    return parts.endpoints;
  },
});
const { service, app } = shop;
const kinds = new Map([[gadgets.id, gadgets]]);
const things = new Map([[gadget.kind, gadget]]);
const workers: Work[] = [];

function worker(): Work {
  const work = startWork(service, parts.loops, parts.jobs);
  workers.push(work);
  return work;
}

function bulk(who: TestAccount, body: object, options: { key?: string; prefer?: string } = {}) {
  const sent = request(app).post('/gadgets/bulk').set(shop.asMoney(who, options.key));
  return (options.prefer === undefined ? sent : sent.set('Prefer', options.prefer)).send(body);
}

function names(count: number, prefix = 'g'): { name: string }[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${prefix}-${String(i)}` }));
}

async function batchOf(who: TestAccount, id: string, query = ''): Promise<{ status: string; ok: number; failed: number; pending: number; items: { ref: string; status: string; error?: { code: string; message: string } }[] } & Record<string, unknown>> {
  const { body } = await request(app).get(`/batches/${id}${query}`).set(shop.as(who)).expect(200);
  return body as Awaited<ReturnType<typeof batchOf>>;
}

async function finished(who: TestAccount, id: string, timeoutMs = 100_000): Promise<Awaited<ReturnType<typeof batchOf>>> {
  return until(async () => {
    const batch = await batchOf(who, id);
    return batch['finished_at'] !== null && batch;
  }, { timeoutMs });
}

async function owner(statement: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: shop.database.ownerUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function recoverNow(): Promise<void> {
  await owner(`UPDATE platform.orders SET wake_at = now() WHERE state IN ('acting', 'pending')`);
  await recoverOrders(service.purchases, things, 'vps');
}

async function flushQueue(): Promise<void> {
  if (service.config.REDIS_URL === undefined) {
    await owner('TRUNCATE queue.job CASCADE; TRUNCATE queue.dedup CASCADE');
    return;
  }
  const { Redis } = await import('ioredis');
  const redis = new Redis(service.config.REDIS_URL);
  const keys = await redis.keys(`*${service.config.REDIS_PREFIX}-queue*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
}

beforeEach(() => {
  supplier.beforeAct = () => Promise.resolve();
  supplier.silent.clear();
  supplier.order.length = 0;
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((work) => work.stop()));
  expect(await shop.audit()).toEqual([]);
});

describe('POST a bulk of up to ten items', () => {
  it('answers in the order of the items, with ref and result or error of each', async () => {
    const who = await shop.account();
    const { status, body } = await bulk(who, { items: [{ name: 'A1', ref: 'mine' }, { name: 'refuse-a' }, { name: '' }, { name: 'nothing-a' }, { name: 'sold-a' }, { name: 'A2', colour: 'red' }, 
      { name: 'A3', max_price_usd: '0.50' }] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 7, ok: 1, failed: 6 });
    expect((body as { items: { ref: string; status: string; error?: { code: string } }[] }).items.map(({ ref, status: of, error }) => [ref, of, error?.code])).toEqual([
      ['mine', 'ok', undefined], ['refuse-a', 'failed', 'not_available'], ['2', 'failed', 'validation_error'], ['nothing-a', 'failed', 'not_found'], ['sold-a', 'failed', 'out_of_stock'],
      ['5', 'failed', 'validation_error'], ['a3', 'failed', 'price_changed'],
    ]);
    expect((body as { items: { result: unknown }[] }).items[0]?.result).toMatchObject({ serial: 'serial of A1', order: { state: 'completed', batch_id: expect.stringMatching(/^bat_/) } });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('99'));
  });

  it('is replayed byte for byte, and buys nothing again', async () => {
    const who = await shop.account();
    const first = await bulk(who, { items: names(3, 'replay') }, { key: 'replay-key-1' });
    const again = await bulk(who, { items: names(3, 'replay') }, { key: 'replay-key-1' });
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await bulk(who, { items: names(4, 'replay') }, { key: 'replay-key-1' })).body).toMatchObject({ error: { code: 'idempotency_key_reused' } });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('97'));
  });

  it('executes one of many identical requests at once', async () => {
    const who = await shop.account();
    const all = await Promise.all(Array.from({ length: 10 }, () => bulk(who, { items: names(2, 'twin') }, { key: 'twin-key-1' })));
    expect(new Set(all.map(({ status }) => status)).size).toBeLessThanOrEqual(2);
    for (const { status } of all) expect([200, 409]).toContain(status);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('98'));
  });

  it('buys the same item once; things without identity as often as asked', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: [{ name: 'same' }, { name: 'SAME' }, { name: 'any' }, { name: 'any' }] });
    expect((body as { items: { status: string; error?: { code: string; message: string } }[] }).items.map(({ status, error }) => [status, error?.code])).toEqual([
      ['ok', undefined], ['failed', 'state_conflict'], ['ok', undefined], ['ok', undefined]]);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('97'));
  });

  it('merges the defaults into every item', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { defaults: { price: '2.00', reference: 'r1' }, items: [{ name: 'd1' }, { name: 'd2', price: '3.00' }] });
    expect(body).toMatchObject({ ok: 2, items: [{ result: { order: { price_usd: '2.00', reference: 'r1' } } }, { result: { order: { price_usd: '3.00' } } }] });
  });

  it('refuses the structure as a whole, and too many items before it looks at them', async () => {
    const who = await shop.account();
    for (const body of [{}, { items: [] }, { items: [1] }, { items: {} }, { items: names(1), colour: 'red' }]) expect((await bulk(who, body)).status).toBe(422);
    expect((await bulk(who, { items: Array.from({ length: 501 }, () => ({})) })).body).toMatchObject({ error: { code: 'batch_too_large' } });
  });

  it('refuses an item with a field it does not know, each time anew, and keeps no value of it: it may be a password sent by mistake', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { defaults: { token: 'canary-of-defaults' }, items: [{ name: 'leak', password: 'canary-of-item' }] }, { prefer: 'respond-async' });
    const { batch_id } = body as { batch_id: string };
    const refused = { status: 'completed', ok: 0, failed: 1, items: [{ ref: '0', error: { code: 'validation_error' } }] };
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject(refused);
    const rows = await service.db.platform.$queryRaw<{ input: unknown }[]>(sql`SELECT input FROM platform.batch_item WHERE batch_id = ${batch_id}`);
    expect(rows).toEqual([{ input: { name: 'leak', password: null, token: null } }]);
    await request(app).post(`/batches/${batch_id}/retry`).set(shop.asMoney(who)).send({}).expect(202);
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject(refused);
  });

  it('lets items fail alone that cannot be paid, and refuses the whole with nothing to pay from or a cap that is reached', async () => {
    const poor = await shop.account({ balance: '2' });
    expect((await bulk(poor, { items: names(4, 'poor'), on_error: 'continue' })).body).toMatchObject({ ok: 2, failed: 2 });
    expect((await bulk(poor, { items: names(1, 'more') })).body).toMatchObject({ error: { code: 'insufficient_balance' } });
    const capped = await shop.account({ cap: '2' });
    expect((await bulk(capped, { items: names(4, 'capped') })).body).toMatchObject({ ok: 2, failed: 2 });
    expect((await bulk(capped, { items: names(1, 'more') })).body).toMatchObject({ error: { code: 'daily_cap_exceeded' } });
  });

  it('charges nothing for a dry run', async () => {
    const who = await shop.account({ balance: '2' });
    const { body } = await request(app).post('/gadgets/bulk?dry_run=true').set(shop.as(who)).send({ items: [...names(2, 'dry'), { name: 'sold-dry' }, { name: '' }] });
    expect(body).toMatchObject({ total: 4, ok: 2, failed: 2, items: [{ status: 'ok', result: { would_succeed: true } }, {}, { error: { code: 'out_of_stock' } }, { error: { code: 'validation_error' } }] });
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('2'));
  });

  it('answers 202 where an outcome is unknown; the item gets its result with its order, and the key its stored 200', async () => {
    const who = await shop.account();
    supplier.silent.add('silent');
    const first = await bulk(who, { items: [{ name: 'silent' }, { name: 'loud' }] }, { key: 'silent-key-1' });
    expect(first.status).toBe(202);
    const { batch_id } = first.body as { batch_id: string };
    expect(first.headers['location']).toBe(`/hosting/api/v1/batches/${batch_id}`);
    expect(await batchOf(who, batch_id)).toMatchObject({ status: 'running', ok: 1, pending: 1, items: [{ ref: 'silent', status: 'pending' }, { status: 'ok' }] });
    expect((await bulk(who, { items: [{ name: 'silent' }, { name: 'loud' }] }, { key: 'silent-key-1' })).body).toMatchObject({ error: { code: 'in_progress' } });
    supplier.silent.clear();
    await recoverNow();
    worker();
    await finished(who, batch_id);
    const replay = await bulk(who, { items: [{ name: 'silent' }, { name: 'loud' }] }, { key: 'silent-key-1' });
    expect(replay.status).toBe(200);
    expect(replay.body).toMatchObject({ total: 2, ok: 2, failed: 0 });
  });

  it('is finished by the worker when its process died, stored answer included', async () => {
    const who = await shop.account();
    let calls = 0;
    supplier.beforeAct = () => (calls++ < 2 ? new Promise(() => undefined) : Promise.resolve());
    void bulk(who, { items: names(2, 'died') }, { key: 'died-key-1' }).then(() => undefined);
    const [row] = await until(async () => {
      const rows = await service.db.platform.$queryRaw<{ id: string }[]>(sql`SELECT b.id FROM platform.batch b WHERE b.idem_key = 'died-key-1' AND (SELECT count(*) FROM platform.batch_item i WHERE i.batch_id = b.id AND i.order_id IS NOT NULL) = 2`);
      return rows.length > 0 && rows;
    });
    await owner(`UPDATE platform.batch_item SET lease_until = now() - interval '1 second' WHERE state = 'running'; UPDATE platform.batch SET touched_at = now() - interval '1 minute' WHERE finished_at IS NULL`);
    await recoverNow();
    worker();
    const id = row?.id ?? '';
    expect(await finished(who, id)).toMatchObject({ status: 'completed', ok: 2 });
    expect((await bulk(who, { items: names(2, 'died') }, { key: 'died-key-1' })).body).toMatchObject({ total: 2, ok: 2 });
  });
});

describe('POST a bulk of more items', () => {
  it('is accepted at once and done by the worker, each item bought once', async () => {
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
    process.stdout.write(`accepted in ${acceptedMs.toFixed(0)} ms, drained at ${(500_000 / (performance.now() - start)).toFixed(0)} items/s\n`);
    expect(batch).toMatchObject({ status: 'completed', ok: 500, failed: 0, pending: 0, items_has_more: true });
    expect(batch.items).toHaveLength(200);
    expect(supplier.order).toHaveLength(500);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('500'));
    const second = await batchOf(who, (body as { batch_id: string }).batch_id, `?items_cursor=${String(batch['items_next_cursor'])}`);
    expect(second.items[0]?.ref).toBe('many-200');
  });

  it('comes with `Prefer: respond-async` for few items too', async () => {
    const who = await shop.account();
    const { status, body } = await bulk(who, { items: names(2, 'prefer') }, { prefer: 'respond-async' });
    expect(status).toBe(202);
    worker();
    expect(await finished(who, (body as { batch_id: string }).batch_id)).toMatchObject({ ok: 2 });
  });

  it('survives workers that die twice in the middle, and a queue that forgets everything', async () => {
    const who = await shop.account({ balance: '1000' });
    supplier.beforeAct = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { body } = await bulk(who, { items: names(120, 'killed') });
    const { batch_id } = body as { batch_id: string };
    for (const done of [10, 40]) {
      const victim = startWork(service, parts.loops, parts.jobs);
      await until(() => supplier.order.length > done);
      await victim.abandon();
      await flushQueue();
      await owner(`UPDATE platform.batch_item SET lease_until = now() WHERE state = 'running'; UPDATE platform.batch SET touched_at = now() - interval '1 minute' WHERE finished_at IS NULL`);
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

  it('does not let a large batch starve a small one, of the same account or of another', async () => {
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
  it('tries no item behind the one that failed', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { on_error: 'stop', items: [...names(3, 'stop'), { name: 'refuse-stop' }, ...names(3, 'late')] });
    expect(body).toMatchObject({ ok: 3, failed: 4 });
    expect((body as { items: { error?: { code: string } }[] }).items.map(({ error }) => error?.code)).toEqual([undefined, undefined, undefined, 'not_available', 'state_conflict', 'state_conflict', 'state_conflict']);
    expect(supplier.order).toEqual(['stop-0', 'stop-1', 'stop-2']);
  });

  it('holds with several workers, and waits for an outcome nobody knows', async () => {
    const who = await shop.account();
    supplier.silent.add('halt-7');
    const { body } = await bulk(who, { on_error: 'stop', items: [...names(20, 'halt')] });
    const { batch_id } = body as { batch_id: string };
    worker();
    worker();
    await until(async () => (await batchOf(who, batch_id)).ok === 7);
    await Promise.all(Array.from({ length: 5 }, () => advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))));
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 7, failed: 0, pending: 13 });
    supplier.silent.clear();
    await recoverNow();
    expect(await finished(who, batch_id)).toMatchObject({ ok: 20 });
  });
});

describe('max_total_usd', () => {
  it('is never passed, and takes the items in their order while they fit', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { max_total_usd: '5.00', items: [{ name: 'm1', price: '2.00' }, { name: 'refuse-m', price: '3.00' }, { name: 'm2', price: '2.50' }, { name: 'm3', price: '1.00' }, { name: 'm4', price: '0.50' }] });
    expect((body as { items: { status: string; error?: { code: string } }[] }).items.map(({ status, error }) => [status, error?.code])).toEqual([
      ['ok', undefined], ['failed', 'not_available'], ['ok', undefined], ['failed', 'price_changed'], ['ok', undefined]]);
    expect((await shop.balance(who.accountId)).posted).toBe(parseUsd('95'));
  });

  it('holds with many workers', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { max_total_usd: '12.00', items: names(30, 'total') });
    const { batch_id } = body as { batch_id: string };
    await until(async () => {
      await Promise.all(Array.from({ length: 4 }, () => advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))));
      return (await batchOf(who, batch_id))['finished_at'] !== null;
    });
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 12, failed: 18 });
  });
});

describe('POST /batches/{batch_id}/cancel', () => {
  it('starts nothing new; what is under way ends as it ends', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: names(50, 'cancel') });
    const { batch_id } = body as { batch_id: string };
    await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000));
    const cancelled = await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(200);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', ok: 10, failed: 40, pending: 0 });
    await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(409);
    expect(supplier.order).toHaveLength(10);
  });

  it('hides the batches of others', async () => {
    const [who, other] = [await shop.account(), await shop.account()];
    const { body } = await bulk(who, { items: names(20, 'hidden') });
    const { batch_id } = body as { batch_id: string };
    const unknown = 'bat_01k000000000000000000000';
    for (const [method, path] of [['get', ''], ['post', '/cancel']] as const) {
      const foreign = await request(app)[method](`/batches/${batch_id}${path}`).set(shop.as(other));
      const missing = await request(app)[method](`/batches/${unknown}${path}`).set(shop.as(other));
      expect([foreign.status, (foreign.body as { error: { code: string } }).error.code]).toEqual([missing.status, (missing.body as { error: { code: string } }).error.code]);
      expect(foreign.status).toBe(404);
    }
    expect((await request(app).post(`/batches/${batch_id}/retry`).set(shop.asMoney(other)).send({})).status).toBe(404);
    expect((await request(app).get('/batches').set(shop.as(other))).body).toMatchObject({ items: [] });
    expect((await request(app).get('/batches').set(shop.as(who))).body).toMatchObject({ items: [{ batch_id, total: 20 }] });
    await request(app).post(`/batches/${batch_id}/cancel`).set(shop.as(who)).expect(200);
  });
});

describe('POST /batches/{batch_id}/retry', () => {
  const retry = (who: TestAccount, id: string, body: object, key?: string) => request(app).post(`/batches/${id}/retry`).set(shop.asMoney(who, key)).send(body);

  it('costs one money token for each item that is tried again', async () => {
    const who = await shop.account({ balance: '1' });
    const { body } = await bulk(who, { items: names(11, 'token') }, {});
    const { batch_id } = body as { batch_id: string };
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject({ ok: 1, failed: 10 });
    await owner(`SELECT platform.adjust('trf_tokens', '${who.accountId}', 1000000, 'more', NULL, NULL, NULL)`);
    // One token a minute: ten of them are a debt of many minutes, however slowly this test runs.
    const slow = await shop.keyOf(who.accountId, { moneyPerMinute: 1 });
    expect((await retry(slow, batch_id, {})).body).toMatchObject({ retried: 10 });
    const next = await retry(slow, batch_id, {});
    expect(next.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect(Number(next.headers['retry-after'])).toBeGreaterThan(300);
  });

  it('tries failed items again, by code, and nothing that was bought or repeated', async () => {
    const who = await shop.account({ balance: '3' });
    const { body } = await bulk(who, { items: [...names(5, 'again'), { name: 'again-0' }, { name: 'nothing-again' }] }, { prefer: 'respond-async' });
    const { batch_id } = body as { batch_id: string };
    expect((await retry(who, batch_id, {})).body).toMatchObject({ error: { code: 'state_conflict' } });
    await until(async () => (await advanceBatch(service, kinds, batch_id, AbortSignal.timeout(5_000))).isFinished);
    expect(await batchOf(who, batch_id)).toMatchObject({ status: 'completed', ok: 3, failed: 4 });
    expect((await retry(who, batch_id, { error_codes: ['insufficient_balance'] })).body).toMatchObject({ error: { code: 'insufficient_balance' } });
    await owner(`SELECT platform.adjust('trf_again', '${who.accountId}', 1000000, 'more', NULL, NULL, NULL)`);
    expect((await retry(who, batch_id, { error_codes: ['nonsense'] })).status).toBe(422);
    const first = await retry(who, batch_id, { error_codes: ['insufficient_balance'] }, 'retry-key-1');
    expect(first.body).toMatchObject({ batch_id, status: 'queued', retried: 2 });
    expect((await retry(who, batch_id, { error_codes: ['insufficient_balance'] }, 'retry-key-1')).text).toBe(first.text);
    worker();
    expect(await finished(who, batch_id)).toMatchObject({ ok: 5, failed: 2 });
    expect((await batchOf(who, batch_id, '?status=failed')).items.map(({ error }) => error?.code)).toEqual(['state_conflict', 'not_found']);
    expect((await retry(who, batch_id, { error_codes: ['state_conflict'] })).body).toMatchObject({ error: { code: 'state_conflict' } });
  });
});

describe('a worker that lost its lease', () => {
  it('can order nothing: the database takes orders from the current attempt only', async () => {
    const who = await shop.account();
    const { body } = await bulk(who, { items: names(11, 'lost') });
    const { batch_id } = body as { batch_id: string };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Its process stands still between the lease and the money step, past the end of the lease.
    const frozen = bulkKind({ ...gadgets, item: gadgets.item, identify: () => ({ subject: '', once: null }), prepare: async (accountId, bodies) => {
      await held;
      return gadgets.prepare(accountId, bodies as never[]);
    } });
    const late = advanceBatch(service, new Map([[gadgets.id, frozen]]), batch_id, AbortSignal.timeout(20_000));
    await until(async () => {
      const rows = await service.db.platform.$queryRaw<{ n: number }[]>(sql`SELECT count(*)::int AS n FROM platform.batch_item WHERE batch_id = ${batch_id} AND state = 'running'`);
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
  it('takes no more at a step than it asks for, whatever the database knows of the items', async () => {
    const { Client } = await import('pg');
    const client = new Client({ connectionString: shop.database.ownerUrl });
    await client.connect();
    try {
      // Statistics that do not know the batch yet make it look like one item, and then either side of the join may be read again for each row of the other.
      for (const before of [0, 1, 20]) {
        for (let i = 0; i < before; i += 1) await bulk(await shop.account(), { items: names(30, 'earlier') });
        await client.query('ANALYZE platform.batch_item');
        const { body } = await bulk(await shop.account(), { items: names(60, 'limit') });
        await client.query('DISCARD PLANS');
        const { rows } = await client.query(`SELECT item FROM platform.batch_take('vps', $1, 10, 15000)`, [(body as { batch_id: string }).batch_id]);
        expect([before, rows.map((row: { item: number }) => row.item)]).toEqual([before, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
      }
    } finally {
      await client.end();
    }
  });
});
