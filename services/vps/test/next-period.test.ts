// Another plan or length from the next period on, smaller or larger. It costs nothing until the renewal that begins the
// period.
import type { TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, post, send, pass, server: makeServer, balance, audit, clock, stock } = world;
const HOUR = 3_600_000;

let who: TestAccount;
beforeEach(async () => {
  who = await account({ balance: '1000' });
});
afterEach(async () => expect(await audit()).toEqual([]));

const read = async (id: string) => (await get(who, `/servers/${id}`)).body;
const plan = (id: string, body: object, key?: string) =>
  buy(who, `/servers/${id}/actions/resize`, { when: 'next_period', ...body }, key);
const renew = (id: string, expires: string, body: object = {}) =>
  buy(who, `/servers/${id}/renew`, { current_expires_at: expires, ...body });
const cancel = (id: string) => send(who, 'delete', `/servers/${id}/next-period`);
const toExpiry = (expires: string) => Date.parse(expires) - clock.nowMs() + 1_000;

it('a downgrade costs nothing, determines the price of the renewal, and is made when the period begins', async () => {
  const made = await makeServer(who, { plan_id: 's4' });
  const before = await balance(who.accountId);
  const [large, small] = [await stock('s4'), await stock('s1')];
  const planned = await plan(made.id, { plan_id: 's1' }, 'next-period-once');
  expect(planned).toMatchObject({
    status: 200,
    body: {
      plan_id: 's1',
      period_months: 1,
      starts_at: made.expires_at,
      renew_price_usd: '3.99',
      order: { state: 'completed', price_usd: '0.00' },
    },
  });
  expect((await plan(made.id, { plan_id: 's1' }, 'next-period-once')).text).toBe(planned.text);
  expect(await balance(who.accountId)).toMatchObject({ posted: before.posted, held: 0n });
  expect(await read(made.id)).toMatchObject({
    plan_id: 's4',
    renew_price_usd: '3.99',
    next_period: { plan_id: 's1', period_months: 1, starts_at: made.expires_at, is_paid: false },
  });
  const quote = (await post(who, '/quotes', { operation: 'renew', items: [{ server_id: made.id }] })).body;
  expect(quote.total_usd).toBe('3.99');

  const renewed = await renew(made.id, made.expires_at, { quote_id: quote.id });
  expect(renewed.body.price_usd).toBe('3.99');
  expect(await stock('s1')).toBe(small - 1);
  expect(await read(made.id)).toMatchObject({
    plan_id: 's4',
    next_period: { plan_id: 's1', starts_at: made.expires_at, is_paid: true },
  });
  // The paid plan stays: it cannot be taken back or upgraded before it begins, and a second renewal extends it.
  expect((await cancel(made.id)).body.error.code).toBe('state_conflict');
  expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 'd8' })).body.error.code).toBe(
    'state_conflict',
  );
  expect((await plan(made.id, { plan_id: 's2' })).body.error.code).toBe('state_conflict');
  expect((await renew(made.id, renewed.body.expires_at)).body.price_usd).toBe('3.99');
  expect(await stock('s1')).toBe(small - 1);

  await pass(toExpiry(made.expires_at));
  await pass(ACTION_MS);
  expect(await read(made.id)).toMatchObject({ plan_id: 's1', next_period: null, lifecycle: 'active', busy: null });
  expect([await stock('s4'), await stock('s1')]).toEqual([large + 1, small - 1]);
  // Two months at 3.99 are left; an upgrade is charged for those.
  expect(
    (await post(who, '/quotes', { operation: 'resize', items: [{ server_id: made.id, plan_id: 's2' }] })).body
      .total_usd,
  ).toBe('5.00');
});

it('another length applies to the next renewal, also to an automatic one', async () => {
  const made = await makeServer(who, { auto_renew: true });
  expect((await plan(made.id, { period_months: 12 })).body).toMatchObject({
    plan_id: 's1',
    period_months: 12,
    renew_price_usd: '43.092',
  });
  expect((await get(who, `/servers/${made.id}`)).body.next_period).toEqual({
    plan_id: 's1',
    period_months: 12,
    starts_at: made.expires_at,
    is_paid: false,
  });
  await pass(toExpiry(made.expires_at) - 12 * HOUR);
  await pass(1_000);
  expect(await read(made.id)).toMatchObject({ period_months: 12, next_period: null });
  const { items } = (await get(who, '/orders?kind=server_renew')).body;
  expect(items.map(({ price_usd }: { price_usd: string }) => price_usd)).toEqual(['43.092']);
});

it('is cancelled, replaced, or dropped by an upgrade of the present plan', async () => {
  const made = await makeServer(who, { plan_id: 's2' });
  await plan(made.id, { plan_id: 's1', period_months: 3 });
  expect((await cancel(made.id)).body.next_period).toBeNull();
  await plan(made.id, { plan_id: 's1' });
  expect((await plan(made.id, { plan_id: 's4' })).body.renew_price_usd).toBe('11.99');
  expect((await read(made.id)).next_period).toMatchObject({ plan_id: 's4', period_months: 1 });
  await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's8' });
  expect((await plan(made.id, { plan_id: 's1' })).body.error.code).toBe('busy');
  await pass(ACTION_MS);
  expect(await read(made.id)).toMatchObject({ plan_id: 's8', next_period: null });
});

it('is part of the terms: an earlier quote of the renewal is no longer valid', async () => {
  const made = await makeServer(who, { plan_id: 's4' });
  const quote = (await post(who, '/quotes', { operation: 'renew', items: [{ server_id: made.id }] })).body;
  await plan(made.id, { plan_id: 's1' });
  expect((await renew(made.id, made.expires_at, { quote_id: quote.id })).body.error).toMatchObject({
    code: 'price_changed',
    details: [{ message: '3.99' }],
  });
  expect((await renew(made.id, made.expires_at, { expected_price_usd: '11.99' })).body.error.code).toBe(
    'price_changed',
  );
});

it('begins at the renewal when the paid time is already over, and ends with the server', async () => {
  const made = await makeServer(who, { plan_id: 's4' });
  await plan(made.id, { plan_id: 's1' });
  await pass(toExpiry(made.expires_at));
  expect((await renew(made.id, made.expires_at)).body.price_usd).toBe('3.99');
  await pass(1_000);
  await pass(ACTION_MS);
  expect(await read(made.id)).toMatchObject({ plan_id: 's1', next_period: null });

  const small = await stock('s2');
  const other = await makeServer(who, { plan_id: 's4', hostname: 'other.example.com' });
  await plan(other.id, { plan_id: 's2' });
  await renew(other.id, other.expires_at);
  expect(await stock('s2')).toBe(small - 1);
  await send(who, 'delete', `/servers/${String(other.id)}`, { body: { when: 'now', confirm: 'other.example.com' } });
  await pass(ACTION_MS);
  await pass(40 * 24 * HOUR);
  await pass(ACTION_MS);
  expect((await read(other.id)).lifecycle).toBe('terminated');
  expect(await stock('s2')).toBe(small);
});

it('is refused for another architecture, a plan too small for the image, no change, and a length for now', async () => {
  const made = await makeServer(who);
  const windows = await makeServer(who, { plan_id: 's4', image_id: 'windows-2025', hostname: 'win.example.com' });
  for (const [id, body] of [
    [made.id, { plan_id: 'a4' }],
    [made.id, { plan_id: 'none' }],
    [windows.id, { plan_id: 's1' }],
    [made.id, { plan_id: 's1' }],
    [made.id, {}],
  ] as const) {
    expect((await plan(id, body)).body.error.code).toBe('validation_error');
  }
  expect(
    (await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's2', period_months: 12 })).body.error.code,
  ).toBe('validation_error');
  expect(
    (
      await send(who, 'post', `/servers/${made.id}/actions/resize?dry_run=true`, {
        body: { when: 'next_period', plan_id: 's2' },
      })
    ).body,
  ).toMatchObject({ would_succeed: true, price_usd: '0.00' });
  expect((await read(made.id)).next_period).toBeNull();
});
