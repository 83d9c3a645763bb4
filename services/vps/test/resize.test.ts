// Upgrades, their quotes, and bulk purchases of time.
import { startWork } from '@lumi/shared/process';
import { addMonths } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { daysBetween } from '../src/purchases/period';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, order, pass, server: makeServer, balance, audit, owner, stock } = world;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

const renew = (id: string, expires: string, body: object = {}, key?: string) =>
  buy(who, `/servers/${id}/renew`, { current_expires_at: expires, ...body }, key);
const read = async (id: string) => (await get(who, `/servers/${id}`)).body;

describe('resize', () => {
  it('charges the difference for the days left, exact to the unit, and moves the stock', async () => {
    const made = await makeServer(who);
    const [small, large] = [await stock('s1'), await stock('s4')];
    await pass(10 * DAY);
    const { items } = (await get(who, `/servers/${made.id}/upgrades`)).body;
    expect(items.map(({ plan }: { plan: { id: string } }) => plan.id)).toEqual(['s2', 's4', 's8', 'd8', 'd16']);
    const paged = (await get(who, `/servers/${made.id}/upgrades?limit=4`)).body;
    expect([
      paged.items,
      (await get(who, `/servers/${made.id}/upgrades?limit=4&cursor=${paged.next_cursor}`)).body,
    ]).toEqual([items.slice(0, 4), { items: items.slice(4), next_cursor: null, has_more: false }]);
    const upgrade = items[1];
    const [days, whole] = [
      BigInt(upgrade.days),
      BigInt(daysBetween(addMonths(new Date(made.expires_at), -1), new Date(made.expires_at))),
    ];
    const price = ((119_900n - 39_900n) * days + whole - 1n) / whole;
    expect(upgrade).toMatchObject({ renew_price_usd: '11.99', in_stock: true });
    const before = (await balance(who.accountId)).posted;
    const answer = await buy(
      who,
      `/servers/${made.id}/actions/resize`,
      { plan_id: 's4', expected_price_usd: upgrade.price_usd },
      'resize-this-once',
    );
    expect(answer).toMatchObject({ status: 202, body: { order: { price_usd: upgrade.price_usd } } });
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({
      plan_id: 's4',
      renew_price_usd: '11.99',
      expires_at: made.expires_at,
      busy: null,
    });
    expect((await balance(who.accountId)).posted).toBe(before - price);
    expect([await stock('s1'), await stock('s4')]).toEqual([small + 1, large - 1]);
    const repeat = await buy(
      who,
      `/servers/${made.id}/actions/resize`,
      { plan_id: 's4', expected_price_usd: upgrade.price_usd },
      'resize-this-once',
    );
    expect(repeat).toMatchObject({
      status: 200,
      body: { operation_id: answer.body.operation_id, order: { id: answer.body.order.id, state: 'completed' } },
    });
  });

  it('makes one of two upgrades at once, and refuses a downgrade', async () => {
    const made = await makeServer(who);
    const answers = await Promise.all(
      ['s2', 's4', 's8'].map((plan_id) => buy(who, `/servers/${made.id}/actions/resize`, { plan_id })),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 202)) expect(body.error.code).toBe('busy');
    await pass(ACTION_MS);
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's1' })).body.error.code).toBe(
      'validation_error',
    );
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 'a4' })).body.error.code).toBe(
      'validation_error',
    );
  });

  it.each(['refused', 'build-fails'])('releases money and stock when the supplier refuses: %s', async (ending) => {
    const made = await makeServer(who, { hostname: `sandbox-action-${ending}` });
    const [before, large] = [(await balance(who.accountId)).posted, await stock('s2')];
    await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's2' });
    await pass(ACTION_MS);
    expect(await balance(who.accountId)).toMatchObject({ posted: before, held: 0n });
    expect(await stock('s2')).toBe(large);
    expect(await read(made.id)).toMatchObject({ plan_id: 's1', busy: null });
  });

  it('is refused when the plan is sold out', async () => {
    await owner(`UPDATE vps.stock SET free = 0 WHERE plan_id = 'd8' AND location_id = 'ams'`);
    const made = await makeServer(who, order());
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 'd8' })).body.error.code).toBe(
      'out_of_stock',
    );
  });
});

describe('POST /quotes', () => {
  const quote = async (operation: string, items: object[]) =>
    (await world.post(who, '/quotes', { operation, items })).body;

  it('keeps the price of each operation, and the purchase is charged that price', async () => {
    const made = await makeServer(who);
    const create = await quote('create', [
      order({ ref: 'one' }),
      order({ plan_id: 'd16', locations: ['sin'] }),
      { plan_id: 's3', locations: ['ams'], image_id: 'debian-13' },
    ]);
    expect(create).toMatchObject({
      total_usd: '3.99',
      items: [{ ref: 'one', price_usd: '3.99' }, {}, {}],
      problems: [{ code: 'insufficient_balance' }, { code: 'out_of_stock' }, { code: 'validation_error' }].slice(1),
    });
    const renewal = await quote('renew', [{ server_id: made.id, period_months: 3 }]);
    expect(renewal).toMatchObject({ total_usd: '11.6109', items: [{ ref: made.id }] });
    const upgrade = await quote('resize', [
      { server_id: made.id, plan_id: 's2' },
      { server_id: 'srv_x', plan_id: 's2' },
    ]);
    expect(upgrade.problems).toMatchObject([{ code: 'not_found' }]);

    await owner(
      `UPDATE vps.plan_price SET renew_price = renew_price + 10000 WHERE plan_id = 's1' AND location_id = 'ams'`,
    );
    try {
      expect(
        (await renew(made.id, made.expires_at, { period_months: 3, expected_price_usd: '11.6109' })).body.error.code,
      ).toBe('price_changed');
      expect((await renew(made.id, made.expires_at, { period_months: 3, quote_id: renewal.id })).body).toMatchObject({
        price_usd: '11.6109',
      });
      expect(
        (await renew(made.id, (await read(made.id)).expires_at, { period_months: 3, quote_id: renewal.id })).body.error
          .code,
      ).toBe('price_changed');
    } finally {
      await owner(
        `UPDATE vps.plan_price SET renew_price = renew_price - 10000 WHERE plan_id = 's1' AND location_id = 'ams'`,
      );
    }
    expect((await buy(who, '/servers', order({ quote_id: create.id }))).status).toBe(202);
    expect((await buy(who, '/servers', order({ quote_id: create.id }))).body.error.code).toBe('price_changed');
    await pass(3_000);
  });
});

describe('bulk purchases', () => {
  it('buy and renew many servers; each item fails alone, and equal items are bought once', async () => {
    const bought = await buy(who, '/servers/bulk', {
      defaults: { plan_id: 's1', locations: ['ams'], image_id: 'debian-13' },
      items: [
        { hostname: 'a.example.com', ref: 'a' },
        { hostname: 'b.example.com', plan_id: 's3' },
        { hostname: 'A.example.com' },
        { hostname: 'sandbox-build-fails' },
        { hostname: 'c.example.com' },
      ],
    });
    expect(bought).toMatchObject({
      status: 200,
      body: {
        ok: 0,
        failed: 2,
        items: [{ ref: 'a', status: 'pending' }, { ref: 'b.example.com', status: 'failed' }, {}, {}, {}],
      },
    });
    await pass(3_000);
    const worker = startWork(world.vps.service, [], world.vps.shared.jobs);
    const batch = await until(async () => {
      const { body } = await get(who, `/batches/${String(bought.body.batch_id)}`);
      return body.status === 'completed' ? body : null;
    }).finally(() => worker.stop());
    expect(batch).toMatchObject({ total: 5, ok: 2, failed: 3, status: 'completed' });
    expect(batch.items.map(({ ref, error }: { ref: string; error?: { code: string } }) => [ref, error?.code])).toEqual([
      ['a', undefined],
      ['b.example.com', 'validation_error'],
      ['a.example.com', 'state_conflict'],
      ['sandbox-build-fails', 'supplier_error'],
      ['c.example.com', undefined],
    ]);
    const { items } = (await get(who, '/servers')).body;
    expect(items).toHaveLength(2);
    const stranger = await makeServer(await account());
    const renewed = await buy(who, '/servers/bulk-renew', {
      items: [...items, stranger].map(({ id, expires_at }) => ({ server_id: id, current_expires_at: expires_at })),
    });
    expect(renewed).toMatchObject({ status: 200, body: { total: 3, ok: 2, failed: 1 } });
    expect(renewed.body.items[2]).toMatchObject({ ref: stranger.id, error: { code: 'not_found' } });
    expect((await balance(who.accountId)).posted).toBe(1_000_000n - 4n * 39_900n);
  });
});
