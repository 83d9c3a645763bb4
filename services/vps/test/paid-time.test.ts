// Renewals, upgrades and the lifecycle of servers.
import { addMonths } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { daysLeft } from '../src/purchases/period';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, send, pass, server: makeServer, balance, audit, owner, clock, log, stock } = world;
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
/** Moves the clock to just after `expires_at` plus this. */
const passUntil = (expiresAt: string, afterMs: number) => pass(Date.parse(expiresAt) + 1_000 + afterMs - clock.nowMs());

describe('months', () => {
  it('are calendar months, and end on the last day when the month has no such day', () => {
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
    expect(answer).toMatchObject({
      status: 200,
      body: { previous_expires_at: made.expires_at, price_usd: '3.99', order: { state: 'completed' } },
    });
    expect(answer.body.expires_at).toBe(`${addMonths(new Date(made.expires_at), 1).toISOString().slice(0, 19)}Z`);
    expect(await read(made.id)).toMatchObject({ expires_at: answer.body.expires_at, lifecycle: 'active' });
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    expect((await renew(made.id, made.expires_at, { expected_price_usd: '3.99' }, 'renew-once-key')).text).toBe(
      answer.text,
    );
  });

  it('renews once per expiry, for every key and any number of requests', async () => {
    const made = await makeServer(who);
    const answers = await Promise.all(Array.from({ length: 20 }, () => renew(made.id, made.expires_at)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 200))
      expect(['expiry_mismatch', 'busy', 'not_available']).toContain(body.error.code);
    expect((await renew(made.id, made.expires_at)).body.error).toMatchObject({
      code: 'expiry_mismatch',
      details: [{ path: 'current_expires_at' }],
    });
    expect((await renew(made.id, (await read(made.id)).expires_at, { period_months: 12 })).body).toMatchObject({
      price_usd: '43.092',
    });
    expect((await balance(who.accountId)).posted).toBe(1_000_000n - 39_900n * 2n - 430_920n);
  });

  it('works while another operation runs on the server', async () => {
    const made = await makeServer(who);
    await send(who, 'post', `/servers/${made.id}/actions/reboot`);
    expect((await renew(made.id, made.expires_at)).status).toBe(200);
    await pass(ACTION_MS);
  });

  it('charges nothing in a dry run, and refuses when the caller did not agree to the price', async () => {
    const made = await makeServer(who);
    expect(
      (
        await send(who, 'post', `/servers/${made.id}/renew?dry_run=true`, {
          body: { current_expires_at: made.expires_at },
        })
      ).body,
    ).toMatchObject({ price_usd: '3.99' });
    expect((await renew(made.id, made.expires_at, { max_price_usd: '3' })).body.error.code).toBe('price_changed');
    expect((await read(made.id)).expires_at).toBe(made.expires_at);
  });
});

describe('the lifecycle', () => {
  it('expired → grace → suspended → renewed: the server runs again', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, 0);
    expect(await read(made.id)).toMatchObject({
      lifecycle: 'grace',
      power: 'running',
      grace_ends_at: expect.any(String),
      can: { reboot: { allowed: true }, resize: { allowed: false } },
    });
    await passUntil(made.expires_at, 48 * HOUR);
    await pass(ACTION_MS);
    const suspended = await read(made.id);
    expect(suspended).toMatchObject({
      lifecycle: 'suspended',
      power: 'stopped',
      suspension: { kind: 'unpaid', deadline: suspended.terminates_at },
    });
    expect((await send(who, 'post', `/servers/${made.id}/actions/start`)).body.error.code).toBe('suspended');
    expect((await get(who, `/servers/${made.id}/suspension`)).body).toMatchObject({
      kind: 'unpaid',
      self_unsuspend: true,
      price_usd: '3.99',
    });

    const answer = await renew(made.id, made.expires_at);
    expect(answer.status).toBe(202);
    expect(await balance(who.accountId)).toMatchObject({ held: 39_900n });
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({
      lifecycle: 'active',
      power: 'running',
      suspension: null,
      terminates_at: null,
    });
    expect(await balance(who.accountId)).toMatchObject({ posted: 1_000_000n - 2n * 39_900n, held: 0n });
    expect(await log(answer.body.order.id)).toMatchObject([{ action: 'resume' }]);
    const types = (await get(who, '/events')).body.items
      .map(({ type }: { type: string }) => type)
      .filter((type: string) => type.startsWith('server.') && type !== 'server.expiring');
    expect(types).toEqual(['server.ready', 'server.expired', 'server.grace', 'server.suspended', 'server.renewed']);
  });

  it('a renewal in grace keeps the server running', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, HOUR);
    expect((await renew(made.id, made.expires_at)).status).toBe(200);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', grace_ends_at: null });
    await passUntil(made.expires_at, 60 * HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', power: 'running' });
  });

  it('a renewal during the suspension waits for it and brings the server back', async () => {
    const made = await makeServer(who);
    await passUntil(made.expires_at, 0);
    await passUntil(made.expires_at, 48 * HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'suspended', busy: { action: 'suspend' } });
    expect((await renew(made.id, made.expires_at)).status).toBe(202);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    await pass(ACTION_MS);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active', power: 'running' });
    expect(
      await owner(
        `SELECT m.power, m.suspended FROM vps.sandbox_machine m JOIN vps.server s ON s.machine = m.name
          WHERE s.id = $1`,
        [made.id],
      ),
    ).toEqual([{ power: 'running', suspended: false }]);
  });

  it('a server unpaid for two weeks is deleted, and its stock is released', async () => {
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

  it('after a month without workers, the owner still has a day to renew', async () => {
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

describe('automatic renewals', () => {
  it('are made once, a day before the expiry, and appear in summary and forecast before', async () => {
    const made = await makeServer(who, { auto_renew: true });
    await makeServer(who, { hostname: 'other.example.com' });
    expect((await get(who, '/servers/summary')).body).toMatchObject({
      total: 2,
      by_lifecycle: { active: 2 },
      by_location: { ams: 2 },
      by_auto_renew: { true: 1, false: 1 },
    });
    expect((await get(who, '/forecast/renewals')).body).toMatchObject({
      count: 2,
      total_usd: '7.98',
      auto_renew_total_usd: '3.99',
    });
    const before = (await balance(who.accountId)).posted;
    await passUntil(made.expires_at, -23 * HOUR);
    await pass(1_000);
    expect(await read(made.id)).toMatchObject({
      lifecycle: 'active',
      expires_at: `${addMonths(new Date(made.expires_at), 1).toISOString().slice(0, 19)}Z`,
    });
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    await passUntil(made.expires_at, HOUR);
    expect((await balance(who.accountId)).posted).toBe(before - 39_900n);
    expect((await get(who, '/servers?lifecycle=grace')).body.items).toMatchObject([{ hostname: 'other.example.com' }]);
  });

  it('are tried until the balance suffices, also in grace', async () => {
    who = await account({ balance: '4' });
    const made = await makeServer(who, { auto_renew: true });
    await passUntil(made.expires_at, HOUR);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'grace' });
    expect((await get(who, '/events')).body.items.map(({ type }: { type: string }) => type)).toContain(
      'server.auto_renew_failed',
    );
    await owner(`SELECT platform.adjust('trf_test_' || $1, $1, 100000, 'test', 'vps', NULL, NULL)`, [who.accountId]);
    await pass(2 * HOUR);
    await pass(1_000);
    expect(await read(made.id)).toMatchObject({ lifecycle: 'active' });
  });
});
