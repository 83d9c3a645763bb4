// Renewals, upgrades and what time does to servers.
import { startWork } from '@lumi/shared/frame';
import { addMonths } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { daysBetween, daysLeft } from '../src/purchases/period';
import { jobs } from '../src/wiring';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, send, order, pass, server: makeServer, balance, audit, owner, clock, log, stock } = world;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

const renew = (id: string, expires: string, body: object = {}, key?: string) => buy(who, `/servers/${id}/renew`, { current_expires_at: expires, ...body }, key);
const read = async (id: string) => (await get(who, `/servers/${id}`)).body;
/** To a moment just after `expires_at` plus this. */
const passUntil = (expiresAt: string, afterMs: number) => pass(Date.parse(expiresAt) + 1_000 + afterMs - clock.nowMs());

describe('months', () => {
  it('are calendar months, and end at the last day where there is no such day', () => {
    expect(addMonths(new Date('2026-01-31T10:00:00Z'), 1).toISOString()).toBe('2026-02-28T10:00:00.000Z');
    expect(addMonths(new Date('2027-12-31T10:00:00Z'), 2).toISOString()).toBe('2028-02-29T10:00:00.000Z');
    expect(addMonths(new Date('2026-05-15T10:00:00Z'), 12).toISOString()).toBe('2027-05-15T10:00:00.000Z');
    expect(daysLeft(new Date('2026-07-01T00:00:01Z'), new Date('2026-07-09T00:00:00Z'))).toBe(8);
    expect(daysLeft(new Date('2026-07-10T00:00:00Z'), new Date('2026-07-09T00:00:00Z'))).toBe(0);
  });
});

describe('POST /servers/{id}/renew', () => {
  it('adds a period to the expiry, for the renewal price', async () => {
    const made = await makeServer(who);
    const before = (await balance(who.accountId)).posted;
    const answer = await renew(made.id, made.expires_at, { expected_price_usd: '3.99' }, 'renew-once-key');
    expect(answer).toMatchObject({ status: 200, body: { previous_expires_at: made.expires_at, price_usd: '3.99', order: { state: 'completed' } } });
    expect(answer.body.expires_at).toBe(`${addMonths(new Date(made.expires_at), 1).toISOString().slice(0, 19)}Z`);
    expect(await read(made.id)).toMatchObject({ expires_at: answer.body.expires_at, lifecycle: 'active' });
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    expect((await renew(made.id, made.expires_at, { expected_price_usd: '3.99' }, 'renew-once-key')).text).toBe(answer.text);
  });

  it('does it once per expiry, whoever asks how often', async () => {
    const made = await makeServer(who);
    const answers = await Promise.all(Array.from({ length: 20 }, () => renew(made.id, made.expires_at)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 200)) expect(['expiry_mismatch', 'busy', 'not_available']).toContain(body.error.code);
    expect((await renew(made.id, made.expires_at)).body.error).toMatchObject({ code: 'expiry_mismatch', details: [{ path: 'current_expires_at' }] });
    expect((await renew(made.id, (await read(made.id)).expires_at, { period_months: 12 })).body).toMatchObject({ price_usd: '43.092' });
    expect((await balance(who.accountId)).posted).toBe(1_000_000n - 39_900n * 2n - 430_920n);
  });

  it('works while something else runs on the server', async () => {
    const made = await makeServer(who);
    await send(who, 'post', `/servers/${made.id}/actions/reboot`);
    expect((await renew(made.id, made.expires_at)).status).toBe(200);
    await pass(ACTION_MS);
  });

  it('charges nothing in a dry run, and refuses what is not agreed', async () => {
    const made = await makeServer(who);
    expect((await send(who, 'post', `/servers/${made.id}/renew?dry_run=true`, { body: { current_expires_at: made.expires_at } })).body).toMatchObject({ price_usd: '3.99' });
    expect((await renew(made.id, made.expires_at, { max_price_usd: '3' })).body.error.code).toBe('price_changed');
    expect((await read(made.id)).expires_at).toBe(made.expires_at);
  });
});

describe('what time does', () => {
  it('expired → grace → suspended → renewed: it runs again', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, 0);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'grace', power: 'running', grace_ends_at: expect.any(String), can: { reboot: { allowed: true }, resize: { allowed: false } } });
    await passUntil(made.expires_at, 48 * HOUR);
    await pass(ACTION_MS);
    const suspended = await read(made.id);
    expect(suspended).toMatchObject({ lifecycle: 'suspended', power: 'stopped', suspension: { kind: 'unpaid', deadline: suspended.terminates_at } });
    expect((await send(who, 'post', `/servers/${made.id}/actions/start`)).body.error.code).toBe('suspended');
    expect((await get(who, `/servers/${made.id}/suspension`)).body).toMatchObject({ kind: 'unpaid', self_unsuspend: true, price_usd: '3.99' });

    const answer = await renew(made.id, made.expires_at);
    expect(answer.status).toBe(202);
    expect(await balance(who.accountId)).toMatchObject({ held: 39_900n });
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', power: 'running', suspension: null, terminates_at: null });
    expect(await balance(who.accountId)).toMatchObject({ posted: 1_000_000n - 2n * 39_900n, held: 0n });
    expect(await log(answer.body.order.id)).toMatchObject([{ action: 'resume' }]);
    const types = (await get(who, '/events')).body.items.map(({ type }: { type: string }) => type).filter((type: string) => type.startsWith('server.') && type !== 'server.expiring');
    expect(types).toEqual(['server.ready', 'server.expired', 'server.grace', 'server.suspended', 'server.renewed']);
  });

  it('a renewal in grace keeps it running', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, HOUR);
    expect((await renew(made.id, made.expires_at)).status).toBe(200);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', grace_ends_at: null });
    await passUntil(made.expires_at, 60 * HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', power: 'running' });
  });

  it('a renewal that meets the suspension under way waits for it and brings the server back', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, 0);
    await passUntil(made.expires_at, 48 * HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'suspended', busy: { action: 'suspend' } });
    expect((await renew(made.id, made.expires_at)).status).toBe(202);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', power: 'running' });
    expect(await owner(`SELECT m.power, m.suspended FROM vps.sandbox_machine m JOIN vps.server s ON s.machine = m.name WHERE s.id = $1`, [made.id])).toEqual([{ power: 'running', suspended: false }]);
  });

  it('unpaid for two weeks it is gone, and its place is free again', async () => {
    const made = await makeServer(who, { locations: ['fra'] });
    const left = await stock('s1', 'fra');
    await passUntil(made.expires_at, 48 * HOUR);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    await passUntil(made.expires_at, 14 * DAY);
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'terminated', ips: [] });
    expect(await stock('s1', 'fra')).toBe(left + 1);
    expect((await renew(made.id, made.expires_at)).body.error.code).toBe('state_conflict');
  });

  it('after a month without workers leaves a day to bring it back', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, 40 * DAY);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'suspended' });
    await pass(25 * HOUR);
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'terminated' });
  });
});

describe('resize', () => {
  it('charges the difference for the days left, to the unit, and moves the stock', async () => {
    const made = await makeServer(who);
    const [small, large] = [await stock('s1'), await stock('s4')];
    await pass(10 * DAY);
    const { items } = (await get(who, `/servers/${made.id}/upgrades`)).body;
    expect(items.map(({ plan }: { plan: { id: string } }) => plan.id)).toEqual(['s2', 's4', 's8', 'd8', 'd16']);
    const paged = (await get(who, `/servers/${made.id}/upgrades?limit=4`)).body;
    expect([paged.items, (await get(who, `/servers/${made.id}/upgrades?limit=4&cursor=${paged.next_cursor}`)).body]).toEqual([items.slice(0, 4), { items: items.slice(4), next_cursor: null, has_more: false }]);
    const upgrade = items[1];
    const [days, whole] = [BigInt(upgrade.days), BigInt(daysBetween(addMonths(new Date(made.expires_at), -1), new Date(made.expires_at)))];
    const price = ((119_900n - 39_900n) * days + whole - 1n) / whole;
    expect(upgrade).toMatchObject({ renew_price_usd: '11.99', in_stock: true });
    const before = (await balance(who.accountId)).posted;
    const answer = await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's4', expected_price_usd: upgrade.price_usd }, 'resize-this-once');
    expect(answer).toMatchObject({ status: 202, body: { order: { price_usd: upgrade.price_usd } } });
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ plan_id: 's4', renew_price_usd: '11.99', expires_at: made.expires_at, busy: null });
    expect((await balance(who.accountId)).posted).toBe(before - price);
    expect([await stock('s1'), await stock('s4')]).toEqual([small + 1, large - 1]);
    const repeat = await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's4', expected_price_usd: upgrade.price_usd }, 'resize-this-once');
    expect(repeat).toMatchObject({ status: 200, body: { operation_id: answer.body.operation_id, order: { id: answer.body.order.id, state: 'completed' } } });
  });

  it('one of two at once, and none down', async () => {
    const made = await makeServer(who);
    const answers = await Promise.all(['s2', 's4', 's8'].map((plan_id) => buy(who, `/servers/${made.id}/actions/resize`, { plan_id })));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 202)) expect(body.error.code).toBe('busy');
    await pass(ACTION_MS);
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's1' })).body.error.code).toBe('validation_error');
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 'a4' })).body.error.code).toBe('validation_error');
  });

  it.each(['refused', 'build-fails'])('gives money and stock back when the supplier says no: %s', async (ending) => {
    const made = await makeServer(who, { hostname: `sandbox-action-${ending}` });
    const [before, large] = [(await balance(who.accountId)).posted, await stock('s2')];
    await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's2' });
    await pass(ACTION_MS);
    expect(await balance(who.accountId)).toMatchObject({ posted: before, held: 0n });
    expect(await stock('s2')).toBe(large);
    expect(await read(made.id)).toMatchObject({ plan_id: 's1', busy: null });
  });

  it('is refused when nothing is left of it', async () => {
    await owner(`UPDATE vps.stock SET free = 0 WHERE plan_id = 'd8' AND location_id = 'ams'`);
    const made = await makeServer(who, order());
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 'd8' })).body.error.code).toBe('out_of_stock');
  });
});

describe('POST /quotes', () => {
  const quote = async (operation: string, items: object[]) => (await world.post(who, '/quotes', { operation, items })).body;

  it('keeps the price of each operation, and a purchase is charged it', async () => {
    const made = await makeServer(who);
    const create = await quote('create', [order({ ref: 'one' }), order({ plan_id: 'd16', locations: ['sin'] }), { plan_id: 's3', locations: ['ams'], image_id: 'debian-13' }]);
    expect(create).toMatchObject({ total_usd: '3.99', items: [{ ref: 'one', price_usd: '3.99' }, {}, {}], problems: [{ code: 'insufficient_balance' }, { code: 'out_of_stock' }, { code: 'validation_error' }].slice(1) });
    const renewal = await quote('renew', [{ server_id: made.id, period_months: 3 }]);
    expect(renewal).toMatchObject({ total_usd: '11.6109', items: [{ ref: made.id }] });
    const upgrade = await quote('resize', [{ server_id: made.id, plan_id: 's2' }, { server_id: 'srv_x', plan_id: 's2' }]);
    expect(upgrade.problems).toMatchObject([{ code: 'not_found' }]);

    await owner(`UPDATE vps.plan_price SET renew_price = renew_price + 10000 WHERE plan_id = 's1' AND location_id = 'ams'`);
    try {
      expect((await renew(made.id, made.expires_at, { period_months: 3, expected_price_usd: '11.6109' })).body.error.code).toBe('price_changed');
      expect((await renew(made.id, made.expires_at, { period_months: 3, quote_id: renewal.id })).body).toMatchObject({ price_usd: '11.6109' });
      expect((await renew(made.id, (await read(made.id)).expires_at, { period_months: 3, quote_id: renewal.id })).body.error.code).toBe('price_changed');
    } finally {
      await owner(`UPDATE vps.plan_price SET renew_price = renew_price - 10000 WHERE plan_id = 's1' AND location_id = 'ams'`);
    }
    expect((await buy(who, '/servers', order({ quote_id: create.id }))).status).toBe(202);
    expect((await buy(who, '/servers', order({ quote_id: create.id }))).body.error.code).toBe('price_changed');
    await pass(3_000);
  });
});

describe('renewals by itself', () => {
  it('are made a day before the expiry, once, and show in summary and forecast before', async () => {
    const made = await makeServer(who, { auto_renew: true });
    await makeServer(who, { hostname: 'other.example.com' });
    expect((await get(who, '/servers/summary')).body).toMatchObject({ total: 2, by_lifecycle: { active: 2 }, by_location: { ams: 2 }, by_auto_renew: { true: 1, false: 1 } });
    expect((await get(who, '/forecast/renewals')).body).toMatchObject({ count: 2, total_usd: '7.98', auto_renew_total_usd: '3.99' });
    const before = (await balance(who.accountId)).posted;
    await passUntil(made.expires_at, -23 * HOUR);
    await pass(1_000);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', expires_at: `${addMonths(new Date(made.expires_at), 1).toISOString().slice(0, 19)}Z` });
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    await passUntil(made.expires_at, HOUR);
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    expect((await get(who, '/servers?lifecycle=grace')).body.items).toMatchObject([{ hostname: 'other.example.com' }]);
  });

  it('are tried until the balance is there, also in grace', async () => {
    who = await account({ balance: '4' });
    const made = await makeServer(who, { auto_renew: true });
    await passUntil(made.expires_at, HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'grace' });
    expect((await get(who, '/events')).body.items.map(({ type }: { type: string }) => type)).toContain('server.auto_renew_failed');
    await owner(`SELECT platform.adjust('trf_test_' || $1, $1, 100000, 'test', 'vps', NULL, NULL)`, [who.accountId]);
    await pass(2 * HOUR);
    await pass(1_000);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active' });
  });
});

describe('bulks', () => {
  it('buys and renews many; each fails alone, and twins are bought once', async () => {
    const bought = await buy(who, '/servers/bulk', {
      defaults: { plan_id: 's1', locations: ['ams'], image_id: 'debian-13' },
      items: [{ hostname: 'a.example.com', ref: 'a' }, { hostname: 'b.example.com', plan_id: 's3' }, { hostname: 'A.example.com' }, { hostname: 'sandbox-build-fails' }, { hostname: 'c.example.com' }],
    });
    expect(bought).toMatchObject({ status: 200, body: { ok: 0, failed: 2, items: [{ ref: 'a', status: 'pending' }, { ref: 'b.example.com', status: 'failed' }, {}, {}, {}] } });
    await pass(3_000);
    const worker = startWork(world.vps.service, [], jobs(world.vps));
    const batch = await until(async () => {
      const { body } = await get(who, `/batches/${String(bought.body.batch_id)}`);
      return body.status === 'completed' ? body : null;
    }).finally(() => worker.stop());
    expect(batch).toMatchObject({ total: 5, ok: 2, failed: 3, status: 'completed' });
    expect(batch.items.map(({ ref, error }: { ref: string; error?: { code: string } }) => [ref, error?.code])).toEqual([
      ['a', undefined], ['b.example.com', 'validation_error'], ['a.example.com', 'state_conflict'], ['sandbox-build-fails', 'supplier_error'], ['c.example.com', undefined],
    ]);
    const { items } = (await get(who, '/servers')).body;
    expect(items).toHaveLength(2);
    const stranger = await makeServer(await account());
    const renewed = await buy(who, '/servers/bulk-renew', { items: [...items, stranger].map(({ id, expires_at }) => ({ server_id: id, current_expires_at: expires_at })) });
    expect(renewed).toMatchObject({ status: 200, body: { total: 3, ok: 2, failed: 1 } });
    expect(renewed.body.items[2]).toMatchObject({ ref: stranger.id, error: { code: 'not_found' } });
    expect((await balance(who.accountId)).posted).toBe(1_000_000n - 4n * 39_900n);
  });
});
