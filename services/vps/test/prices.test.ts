// A price holds only while all its inputs are unchanged: between quote and purchase, between offer and hold, and while
// other orders are open.
import { startWork } from '@lumi/shared/process';
import { beforeHoldOf, until, type TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, CREATE_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, post, pass, server: makeServer, balance, audit, owner, clock } = world;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let who: TestAccount;
beforeEach(async () => {
  who = await account({ balance: '1000' });
});
afterEach(async () => {
  beforeNextHold(null);
  expect(await audit()).toEqual([]);
});

const renew = (id: string, expires: string, body: object = {}) =>
  buy(who, `/servers/${id}/renew`, { current_expires_at: expires, ...body });
const resize = (id: string, body: object) => buy(who, `/servers/${id}/actions/resize`, body);
const read = async (id: string) => (await get(who, `/servers/${id}`)).body;
const quote = async (operation: string, item: object) =>
  (await post(who, '/quotes', { operation, items: [item] })).body;
const spent = async (work: () => Promise<unknown>): Promise<bigint> => {
  const before = await balance(who.accountId);
  await work();
  return before.available - (await balance(who.accountId)).available;
};

const beforeNextHold = beforeHoldOf(world.vps.service.purchases);

describe('an open upgrade', () => {
  it('makes every renewal wait (single, bulk, automatic), and a quote reports it', async () => {
    const made = await makeServer(who, { auto_renew: true });
    const upgrade = await resize(made.id, { plan_id: 'd8' });
    expect(upgrade.body.order.price_usd).toBe('36.00');
    const operationId = upgrade.body.operation_id;
    const busy = { code: 'busy', details: [{ path: 'operation_id', message: operationId }] };
    expect((await renew(made.id, made.expires_at, { period_months: 12 })).body.error).toMatchObject(busy);
    expect(
      (
        await renew(made.id, made.expires_at, {
          period_months: 12,
          quote_id: (await quote('renew', { server_id: made.id, period_months: 12 })).id,
        })
      ).body.error,
    ).toMatchObject(busy);
    expect(
      (await buy(who, '/servers/bulk-renew', { items: [{ server_id: made.id, current_expires_at: made.expires_at }] }))
        .body.items[0].error.code,
    ).toBe('busy');
    expect((await quote('renew', { server_id: made.id })).problems).toMatchObject([{ code: 'busy' }]);
    expect((await read(made.id)).can.renew.allowed).toBe(false);
    await pass(ACTION_MS);
    expect((await renew(made.id, made.expires_at, { period_months: 12 })).body.price_usd).toBe('431.892');
  });

  it('delays the automatic renewal, which then pays the new price', async () => {
    const made = await makeServer(who, { auto_renew: true });
    clock.advance(Date.parse(made.expires_at) - clock.nowMs() - 12 * HOUR);
    await resize(made.id, { plan_id: 's2' });
    expect(await spent(() => world.round())).toBe(0n);
    await pass(ACTION_MS);
    await pass(61_000);
    expect(await read(made.id)).toMatchObject({
      plan_id: 's2',
      expires_at: expect.not.stringContaining(made.expires_at),
    });
    const { items } = (await get(who, '/orders?kind=server_renew')).body;
    expect(items.map(({ price_usd }: { price_usd: string }) => price_usd)).toEqual(['6.49']);
  });

  it('and an open renewal make each other wait', async () => {
    const made = await makeServer(who, { auto_renew: true });
    const answers = await Promise.all([
      resize(made.id, { plan_id: 's2' }),
      renew(made.id, made.expires_at),
      renew(made.id, made.expires_at, { period_months: 12 }),
      resize(made.id, { plan_id: 's4' }),
    ]);
    for (const { body } of answers.filter(({ status }) => status >= 400))
      expect(['busy', 'price_changed', 'expiry_mismatch']).toContain(body.error.code);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
  });
});

describe('a change between the offer and the hold', () => {
  it("an upgrade: the renewal at the old plan's price is refused and costs nothing", async () => {
    const made = await makeServer(who);
    beforeNextHold(async () => {
      await resize(made.id, { plan_id: 'd8' });
      await pass(ACTION_MS);
    });
    const answer = await renew(made.id, made.expires_at, { period_months: 12 });
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: 'price_changed', details: [{ path: 'plan_id' }] } },
    });
    expect(await balance(who.accountId)).toMatchObject({ held: 0n });
    expect((await read(made.id)).expires_at).toBe(made.expires_at);
  });

  it('a renewal: the upgrade for the shorter time is refused', async () => {
    const made = await makeServer(who);
    beforeNextHold(() => renew(made.id, made.expires_at, { period_months: 12 }));
    expect((await resize(made.id, { plan_id: 'd8' })).body.error.code).toBe('price_changed');
    expect(await read(made.id)).toMatchObject({ plan_id: 's1', busy: null });
  });

  it('another renewal: the second one is refused with the new expiry', async () => {
    const made = await makeServer(who);
    beforeNextHold(() => renew(made.id, made.expires_at));
    expect((await renew(made.id, made.expires_at)).body.error.code).toBe('expiry_mismatch');
  });

  it('the end of the paid time: the upgrade is refused, not free', async () => {
    const made = await makeServer(who);
    clock.advance(Date.parse(made.expires_at) - clock.nowMs() - 1_000);
    beforeNextHold(() => Promise.resolve(clock.advance(2_000)));
    expect((await resize(made.id, { plan_id: 'd8' })).body.error.code).toBe('state_conflict');
    expect(await balance(who.accountId)).toMatchObject({ held: 0n });
  });

  it("the end of a day: the upgrade at yesterday's price is refused", async () => {
    const made = await makeServer(who);
    clock.advance(DAY - 1_000 - CREATE_MS);
    beforeNextHold(() => Promise.resolve(clock.advance(10_000)));
    expect((await resize(made.id, { plan_id: 'd8' })).body.error).toMatchObject({
      code: 'price_changed',
      details: [{ path: 'days' }],
    });
  });

  it('a deletion: nothing is renewed', async () => {
    const made = await makeServer(who);
    beforeNextHold(() =>
      world.send(who, 'delete', `/servers/${made.id}`, { body: { when: 'now', confirm: made.hostname } }),
    );
    expect((await renew(made.id, made.expires_at)).body.error.code).toBe('state_conflict');
    await pass(ACTION_MS);
  });
});

describe('a quote', () => {
  it('of an upgrade is invalid after the expiry has changed', async () => {
    const made = await makeServer(who);
    const { id: quote_id, total_usd } = await quote('resize', { server_id: made.id, plan_id: 'd8' });
    expect(total_usd).toBe('36.00');
    await renew(made.id, made.expires_at, { period_months: 12 });
    const answer = await resize(made.id, { plan_id: 'd8', quote_id });
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'price_changed' } } });
    // One month at 39.99 - 3.99, twelve at 431.892 - 43.092.
    expect(answer.body.error.details[0].message).toBe('424.80');
  });

  it('of a renewal is invalid after the plan has changed, and valid while nothing changes', async () => {
    const made = await makeServer(who);
    const old = await quote('renew', { server_id: made.id, period_months: 12 });
    const good = await quote('resize', { server_id: made.id, plan_id: 's2' });
    expect((await resize(made.id, { plan_id: 's2', quote_id: good.id })).body.order.price_usd).toBe('2.50');
    await pass(ACTION_MS);
    expect((await renew(made.id, made.expires_at, { period_months: 12, quote_id: old.id })).body.error.code).toBe(
      'price_changed',
    );
  });
});

it('concurrent purchases of one server are each charged the price of their terms at the hold', async () => {
  const made = await makeServer(who, { auto_renew: true });
  const worker = startWork(world.vps.service, [], world.vps.shared.jobs);
  const plans = ['s2', 's4', 's8', 'd8'];
  try {
    for (const plan_id of plans) {
      const { expires_at: expiresAt } = await read(made.id);
      const { id: quote_id } = await quote('renew', { server_id: made.id });
      await Promise.all([
        resize(made.id, { plan_id }),
        renew(made.id, expiresAt),
        renew(made.id, expiresAt, { quote_id }),
        resize(made.id, { plan_id }),
        buy(who, '/servers/bulk-renew', { items: [{ server_id: made.id, current_expires_at: expiresAt }] }),
      ]);
      await pass(ACTION_MS);
      await until(async () => (await read(made.id)).busy === null);
    }
  } finally {
    await worker.stop();
  }
  // In any order of arrival, a renewal was charged the price of the plan that the server had at its hold.
  const rows = await owner<{ wrong: number }>(
    `SELECT count(*)::int AS wrong FROM platform.orders o WHERE o.kind = 'server_renew' AND o.state = 'captured'
      AND o.subject = $1
    AND o.price <> (SELECT p.renew_price FROM vps.plan_price p WHERE p.plan_id = o.terms -> 'facts' ->> 'plan_id'
      AND p.location_id = 'ams' AND p.period_months = 1)`,
    [made.id],
  );
  expect(rows).toEqual([{ wrong: 0 }]);
});
