// The price of paid time, independent of when the worker runs.
import type { TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, CREATE_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, post, order, pass, server: makeServer, audit, owner, clock } = world;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let who: TestAccount;
beforeEach(async () => {
  who = await account({ balance: '1000' });
});
afterEach(async () => {
  expect(await audit()).toEqual([]);
});

const renew = (id: string, expires: string, body: object = {}) =>
  buy(who, `/servers/${id}/renew`, { current_expires_at: expires, ...body });
const resize = (id: string, body: object) => buy(who, `/servers/${id}/actions/resize`, body);
const read = async (id: string) => (await get(who, `/servers/${id}`)).body;
const quote = async (operation: string, item: object) =>
  (await post(who, '/quotes', { operation, items: [item] })).body;

describe('the clock', () => {
  it("decides that a server has expired, before the worker's round too", async () => {
    const made = await makeServer(who);
    clock.advance(Date.parse(made.expires_at) - clock.nowMs() + 1_000);
    expect((await resize(made.id, { plan_id: 'd8' })).body.error.code).toBe('state_conflict');
    expect(await read(made.id)).toMatchObject({
      lifecycle: 'grace',
      grace_ends_at: expect.any(String),
      can: { resize: { allowed: false }, renew: { allowed: true } },
    });
    expect((await get(who, '/servers?lifecycle=grace')).body.items).toHaveLength(1);
    expect((await get(who, '/servers?lifecycle=active')).body.items).toHaveLength(0);
    expect((await get(who, '/servers/summary')).body).toMatchObject({ by_lifecycle: { grace: 1 } });
    expect((await world.send(who, 'post', `/servers/${made.id}/actions/reboot`)).status).toBe(202);
    await pass(ACTION_MS);
    expect((await renew(made.id, made.expires_at)).status).toBe(200);
  });

  it('decides that a server can no longer be brought back', async () => {
    const made = await makeServer(who);
    await pass(Date.parse(made.expires_at) - clock.nowMs() + 1_000);
    await pass(48 * HOUR);
    await pass(ACTION_MS);
    const suspended = await read(made.id);
    expect(suspended.lifecycle).toBe('suspended');
    clock.advance(Date.parse(suspended.terminates_at) - clock.nowMs() + 1_000);
    expect((await renew(made.id, made.expires_at)).body.error.code).toBe('state_conflict');
  });
});

describe('paid time', () => {
  it('is prorated for each payment at its own price', async () => {
    const made = await makeServer(who, { period_months: 12 });
    expect((await quote('resize', { server_id: made.id, plan_id: 's2' })).total_usd).toBe('27.00');
    const renewed = await renew(made.id, made.expires_at, { period_months: 1 });
    expect(await quote('resize', { server_id: made.id, plan_id: 's2' })).toMatchObject({
      total_usd: '29.50',
      items: [{ lines: [{ amount_usd: '27.00' }, { amount_usd: '2.50' }] }],
    });
    expect((await resize(made.id, { plan_id: 's2', expected_price_usd: '29.50' })).status).toBe(202);
    await pass(ACTION_MS);
    // From s2 to s4: 12 months 129.492 - 70.092, one month 11.99 - 6.49.
    expect((await quote('resize', { server_id: made.id, plan_id: 's4' })).total_usd).toBe('64.90');
    // In the last month only that payment is left.
    await pass(Date.parse(renewed.body.expires_at) - clock.nowMs() - 10 * DAY + 1_000);
    const [days] = (await owner(`SELECT (stretches -> 1 ->> 'days')::int AS days FROM vps.server WHERE id = $1`, [
      made.id,
    ])) as [{ days: number }];
    const due = (55_000n * 10n + BigInt(days.days) - 1n) / BigInt(days.days);
    expect(
      (
        await resize(made.id, {
          plan_id: 's4',
          expected_price_usd: (Number(due) / 10_000).toFixed(4).replace(/0{1,2}$/, ''),
        })
      ).status,
    ).toBe(202);
    await pass(ACTION_MS);
  });

  it('that ends on the 31st ends on the 31st again after shorter months', async () => {
    const made = await makeServer(who);
    await owner(
      `UPDATE vps.server SET expires_at = date_trunc('year', expires_at) + interval '1 year 30 days 12 hours'
        WHERE id = $1`,
      [made.id],
    );
    const days: string[] = [];
    for (let i = 0; i < 4; i += 1)
      days.push((await renew(made.id, (await read(made.id)).expires_at)).body.expires_at.slice(5, 10));
    expect([['02-28', '02-29'].includes(days[0] ?? ''), ...days.slice(1)]).toEqual([true, '03-31', '04-30', '05-31']);
  });

  it('of a server bought on the 31st is counted from that day', async () => {
    const date = new Date(clock.nowMs());
    while (date.getUTCDate() !== 31 || date.getUTCMonth() !== 11) date.setTime(date.getTime() + DAY);
    clock.advance(date.getTime() - clock.nowMs());
    const answer = await buy(who, '/servers', order());
    await pass(CREATE_MS);
    const days: string[] = [];
    for (let i = 0; i < 5; i += 1)
      days.push(
        (await renew(answer.body.server.id, (await read(answer.body.server.id)).expires_at)).body.expires_at.slice(
          8,
          10,
        ),
      );
    expect([Number(days[0]) < 30, ...days.slice(1)]).toEqual([true, '31', '30', '31', '30']);
  });
});
