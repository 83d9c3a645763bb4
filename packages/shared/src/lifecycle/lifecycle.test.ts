import pg from 'pg';
import request from 'supertest';
import { AppError, newId } from '../contract';
import { fromStep, rider, sql } from '../db';
import { audit } from '../ledger';
import { formatUsd, parseUsd } from '../money';
import { costLine, purchase, recoverOrders, renewalClaim, systemPayer, thingSold, viewOrder, type JsonObject, type Outcome } from '../purchase';
import { revokeKey } from '../keys';
import { FixedClock, isoSeconds } from '../runtime';
import { testService, type TestAccount } from '../testing';
import { autoRenewDue, autoRenewEndpoints, autoRenewRound, LIFECYCLE_RULES, noOpenOrder, stepRound, trackRound, type LifecycleSource, type Resource } from './index';

// A product of plants: watered (renewed) for a year at a time; unpaid they wilt, and are composted at the supplier.
const DAY = 86_400_000;
const START = Date.UTC(2026, 5, 1, 12);
const clock = new FixedClock(START);
const { service, app, database, account, as, balance } = testService({ endpoints: autoRenewEndpoints, clock });
const deps = service.purchases;
const db = service.db.platform;
let owner: pg.Client;

interface PlantRow { id: string; account_id: string; expires_at: Date; started_at: Date; auto_renew: boolean; price: bigint; tags: string[]; compost_at: Date }

let ending: Outcome<JsonObject>['kind'] = 'done';
let composting: Outcome<JsonObject>['kind'] = 'done';
let composted: string[] = [];
const outcome = (kind: Outcome<JsonObject>['kind']): Outcome<JsonObject> =>
  kind === 'done' ? { kind, result: {} } : kind === 'refused' ? { kind, code: 'supplier_error' } : kind === 'pending' ? { kind, supplierRef: 'x' } : { kind };

const watering = thingSold<{ plant: string; until: string }, JsonObject>({
  kind: 'watering', termsNow: 'fixed', describe: () => 'Watering', act: () => Promise.resolve(outcome(ending)), lookUp: () => Promise.resolve(outcome(ending)),
  deliver: ({ item }) => [rider`UPDATE garden.plant p SET started_at = p.expires_at, expires_at = ${item.until}::timestamptz ${fromStep('settled')} AND p.id = ${item.plant}`],
  answer: (order) => ({ status: 200, body: { order: viewOrder(order) } }), events: ({ item }) => [{ type: 'plant.renewed', subject: item.plant, data: {} }],
});

const resourceOf = (row: PlantRow): Resource => ({
  id: row.id, accountId: row.account_id, expiresAt: row.expires_at, startedAt: row.started_at, autoRenew: row.auto_renew, tags: row.tags, data: { plant_id: row.id },
  renewFrom: new Date(row.expires_at.getTime() - 3 * DAY), renewUntil: row.compost_at, holds: noOpenOrder('domains', row.id),
  stages: [{ name: 'wilting', at: new Date(row.expires_at.getTime() + 2 * DAY) }, { name: 'composted', at: row.compost_at }],
});

const source: LifecycleSource = {
  product: 'domains', noun: 'plant',
  live: (until) => sql`SELECT id, account_id, expires_at, auto_renew, price FROM garden.plant WHERE ended_at IS NULL AND expires_at < ${until}::timestamptz`,
  read: async (ids) => (await db.$queryRaw<PlantRow[]>(sql`SELECT *, expires_at + interval '10 days' AS compost_at FROM garden.plant WHERE ended_at IS NULL AND id = ANY (${[...ids]}::text[])`)).map(resourceOf),
  stages: {
    composted: {
      enter: (_resource, { reference }) => {
        composted.push(reference);
        return Promise.resolve(outcome(composting));
      },
      deliver: (resource, now) => [rider`UPDATE garden.plant p SET ended_at = ${now}::timestamptz ${fromStep('advanced')} AND p.id = ${resource.id}`],
    },
  },
  renewals: (_accountId, resources) => Promise.all(resources.map(async ({ id, expiresAt }) => {
    const rows = await db.$queryRaw<{ price: bigint }[]>(sql`SELECT price FROM garden.plant WHERE id = ${id}`);
    const until = new Date(expiresAt);
    until.setUTCFullYear(until.getUTCFullYear() + 1);
    return { thing: watering, item: { plant: id, until: until.toISOString() }, subject: id, lockKey: id, terms: { facts: { plant: id }, cost: [costLine('Water', rows[0]?.price ?? 0n)] }, refusal: null };
  })),
};

let plants = 0;
async function plant(who: TestAccount, expiresInDays: number, options: { price?: string; autoRenew?: boolean; tags?: string[] } = {}): Promise<string> {
  plants += 1;
  const id = `plant-${String(plants)}`;
  await owner.query('INSERT INTO garden.plant (id, account_id, expires_at, started_at, auto_renew, price, tags) VALUES ($1, $2, $3, $4, $5, $6, $7)', [
    id, who.accountId, new Date(clock.nowMs() + expiresInDays * DAY), new Date(clock.nowMs() - 365 * DAY), options.autoRenew ?? false, parseUsd(options.price ?? '10').toString(), options.tags ?? [],
  ]);
  return id;
}

/** What the worker's loops do, until nothing is due. */
async function work(): Promise<void> {
  let isBusy = true;
  for (let round = 0; isBusy && round < 50; round += 1) {
    await trackRound(deps, source);
    isBusy = await stepRound(deps, source);
  }
  await autoRenewRound(deps, source);
  await trackRound(deps, source);
}

async function pass(days: number): Promise<void> {
  clock.advance(days * DAY);
  await work();
}

const eventsOf = async (id: string): Promise<string[]> =>
  (await db.$queryRaw<{ type: string; data: { days_left?: number; reason?: string } }[]>(sql`SELECT type, data FROM platform.event WHERE subject = ${id} ORDER BY seq`))
    .map(({ type, data }) => [type, data.days_left ?? data.reason].filter((part) => part !== undefined).join(' '));
const expiryOf = async (id: string): Promise<string> => isoSeconds((await owner.query<{ expires_at: Date }>('SELECT expires_at FROM garden.plant WHERE id = $1', [id])).rows[0]?.expires_at ?? new Date(0));

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`CREATE SCHEMA garden; GRANT USAGE ON SCHEMA garden TO lumi_domains;
    CREATE TABLE garden.plant (id text PRIMARY KEY, account_id text NOT NULL, expires_at timestamptz NOT NULL, started_at timestamptz NOT NULL, auto_renew boolean NOT NULL,
      price bigint NOT NULL, tags text[] NOT NULL, ended_at timestamptz); GRANT SELECT, UPDATE ON garden.plant TO lumi_domains`);
});
afterAll(() => owner.end());
beforeEach(() => {
  ending = 'done';
  composting = 'done';
  composted = [];
});
afterEach(async () => {
  expect(await audit(db, LIFECYCLE_RULES)).toEqual([]);
  await owner.query('UPDATE garden.plant SET ended_at = now() WHERE ended_at IS NULL');
  await work();
});

describe('steps', () => {
  it('remind at 30, 7, 1 and 0 days, then go through the stages, each once', async () => {
    const id = await plant(await account(), 40);
    for (let day = 0; day < 55; day += 1) await pass(1);
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 1', 'plant.expired 0', 'plant.wilting', 'plant.composted']);
    expect(composted).toHaveLength(1);
  });

  it('catch up after downtime in the same order, and several workers at once make each step once', async () => {
    const ids = [await plant(await account(), 35), await plant(await account(), 36), await plant(await account(), 20)];
    await trackRound(deps, source);
    clock.advance(60 * DAY);
    await Promise.all(Array.from({ length: 4 }, () => work()));
    await work();
    for (const id of ids) expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 1', 'plant.expired 0', 'plant.wilting', 'plant.composted']);
  });

  it('leave out reminders of before the term began', async () => {
    const id = await plant(await account(), 5);
    await owner.query('UPDATE garden.plant SET started_at = $2 WHERE id = $1', [id, clock.now()]);
    await pass(6);
    expect(await eventsOf(id)).toEqual(['plant.expiring 1', 'plant.expired 0']);
  });

  it('begin anew for a new expiry and forget nothing of the same one when the thing was away', async () => {
    const who = await account();
    const id = await plant(who, 7);
    await work();
    await owner.query('UPDATE garden.plant SET ended_at = now() WHERE id = $1', [id]);
    await pass(0);
    await owner.query('UPDATE garden.plant SET ended_at = NULL WHERE id = $1', [id]);
    await work();
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7']);
    await owner.query(`UPDATE garden.plant SET started_at = expires_at, expires_at = expires_at + interval '100 days' WHERE id = $1`, [id]);
    await pass(80);
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 30']);
  });

  it('try a stage again under the same reference until the supplier has done it, and what follows waits', async () => {
    const id = await plant(await account(), 1);
    composting = 'unknown';
    await pass(12);
    composting = 'refused';
    clock.advance(60_000);
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.wilting');
    composting = 'done';
    clock.advance(600_000);
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.composted');
    expect(composted.length).toBeGreaterThanOrEqual(3);
    expect(new Set(composted).size).toBe(1);
  });

  it('do nothing to a thing that is being paid for', async () => {
    const who = await account();
    const id = await plant(who, 1, { autoRenew: true });
    ending = 'unknown';
    await pass(0);
    expect((await balance(who.accountId)).held).toBe(parseUsd('10'));
    await pass(20);
    expect(composted).toEqual([]);
    ending = 'done';
    await owner.query(`UPDATE platform.orders SET wake_at = now() WHERE state = 'acting'`);
    await recoverOrders(deps, new Map([['watering', watering]]), 'domains');
    clock.advance(60_000);
    await work();
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 1', 'plant.renewed']);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
  });
});

describe('auto-renew', () => {
  it('renews once before the expiry, whatever the number of workers and of tries', async () => {
    const who = await account();
    const id = await plant(who, 10, { autoRenew: true });
    await pass(6);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('100'));
    clock.advance(2 * DAY);
    await trackRound(deps, source);
    await Promise.all(Array.from({ length: 4 }, () => autoRenewRound(deps, source)));
    await pass(1);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
    expect(await expiryOf(id)).toBe(isoSeconds(new Date(clock.nowMs() + DAY + 365 * DAY)));
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.renewed']);
  });

  it('goes on when the key that asked for it is revoked, and counts towards no key’s cap', async () => {
    const who = await account({ cap: '1' });
    const id = await plant(who, 2, { autoRenew: true });
    await revokeKey(service.admin.pool, who.keyId);
    await work();
    expect(await eventsOf(id)).toContain('plant.renewed');
    expect((await db.$queryRaw<{ lineage_id: string }[]>(sql`SELECT lineage_id FROM platform.orders WHERE subject = ${id}`))[0]?.lineage_id).toBe(`auto:domains:${who.accountId}`);
  });

  it('says once why not, tries again, and succeeds in grace after a top-up', async () => {
    const who = await account({ balance: '3' });
    const id = await plant(who, 2, { autoRenew: true });
    await work();
    for (let hour = 0; hour < 5; hour += 1) await pass(1 / 24);
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.auto_renew_failed insufficient_balance']);
    await pass(3);
    await owner.query(`SELECT platform.adjust($1, $2, 100000, 'top-up', NULL, NULL, NULL)`, [newId('trf', clock.nowMs()), who.accountId]);
    await pass(1 / 20);
    expect((await eventsOf(id)).at(-1)).toBe('plant.renewed');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('3'));
  });

  it('renews by priority when the balance does not cover all, tags first', async () => {
    const who = await account({ balance: '20' });
    const [soon, loved, dear] = [await plant(who, 1, { autoRenew: true, price: '8' }), await plant(who, 2, { autoRenew: true, price: '9', tags: ['client-a'] }), await plant(who, 2, { autoRenew: true, price: '15' })];
    const set = await request(app).patch('/auto-renew-settings').set(as(who)).send({ priority_tags: ['client-a'], priority: 'dearest' });
    expect(set.status).toBe(200);
    await work();
    const renewed = await Promise.all([soon, loved, dear].map(async (id) => (await eventsOf(id)).includes('plant.renewed')));
    expect(renewed).toEqual([true, true, false]);
    expect((await eventsOf(dear)).at(-1)).toBe('plant.auto_renew_failed insufficient_balance');
  });

  it('keeps to the account’s own caps and price ceiling, with parallel renewals too', async () => {
    const who = await account({ balance: '1000' });
    await request(app).patch('/auto-renew-settings').set(as(who)).send({ monthly_cap_usd: '25', max_price_usd: '12' });
    const ids = [await plant(who, 1, { autoRenew: true }), await plant(who, 1, { autoRenew: true }), await plant(who, 1, { autoRenew: true }), await plant(who, 1, { autoRenew: true })];
    const dear = await plant(who, 1, { autoRenew: true, price: '13' });
    await work();
    expect((await Promise.all(ids.map(eventsOf))).filter((events) => events.includes('plant.renewed'))).toHaveLength(2);
    expect((await Promise.all(ids.map(eventsOf))).filter((events) => events.includes('plant.auto_renew_failed auto_renew_cap_reached'))).toHaveLength(2);
    expect(await eventsOf(dear)).toContain('plant.auto_renew_failed price_above_limit');
    expect((await request(app).get('/auto-renew-settings').set(as(who))).body).toMatchObject({ monthly_cap_usd: '25.00', spent_this_month_usd: '20.00', daily_cap_usd: null, enabled: true });
  });

  it('is off when the account says so', async () => {
    const who = await account();
    await request(app).patch('/auto-renew-settings').set(as(who)).send({ enabled: false });
    const id = await plant(who, 1, { autoRenew: true });
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.auto_renew_failed auto_renew_off');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('100'));
  });

  it('tries again in a new round after the supplier refused, never beside an open one', async () => {
    const who = await account();
    const id = await plant(who, 2, { autoRenew: true });
    ending = 'refused';
    await work();
    expect((await eventsOf(id)).slice(-2)).toEqual(['order.failed', 'plant.auto_renew_failed supplier_error']);
    ending = 'done';
    await pass(0.3);
    expect((await eventsOf(id)).at(-1)).toBe('plant.renewed');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
    const keys = await db.$queryRaw<{ idem_key: string; state: string }[]>(sql`SELECT idem_key, state FROM platform.orders WHERE subject = ${id} ORDER BY seq`);
    expect(keys.map(({ idem_key, state }) => [idem_key.split('#')[1], state])).toEqual([['1', 'released'], ['2', 'captured']]);
  });

  it('sums up what is due, over what renews itself', async () => {
    const who = await account();
    await plant(who, 5, { autoRenew: true, price: '4' });
    await plant(who, 25, { autoRenew: true, price: '6' });
    await plant(who, 26, { price: '50' });
    await trackRound(deps, source);
    expect(formatUsd(await autoRenewDue(db, who.accountId, new Date(clock.nowMs() + 30 * DAY)))).toBe('10.00');
    expect(formatUsd(await autoRenewDue(db, who.accountId, new Date(clock.nowMs() + 10 * DAY)))).toBe('4.00');
  });
});

describe('a purchase without a key', () => {
  const buy = async (over: Partial<Parameters<typeof purchase>[1]>) => {
    const who = await account();
    const id = await plant(who, 50);
    return purchase(deps, {
      thing: watering, item: { plant: id, until: new Date(START + 900 * DAY).toISOString() }, subject: id, lockKey: id, terms: { facts: { plant: id }, cost: [costLine('Water', 10_000n)] }, refusal: null, accountId: who.accountId, requestId: newId('req', 0), dryRun: false,
      principal: systemPayer('domains', who.accountId), claim: renewalClaim('domains', { resource: id, expiresAt: new Date(START), round: 1, requestId: 'req' }), ...over,
    });
  };
  const claim = renewalClaim('domains', { resource: 'x', expiresAt: new Date(START), round: 1, requestId: 'req' });

  it('is possible as a renewal of the account itself alone', async () => {
    expect((await buy({})).status).toBe(200);
    await expect(buy({ claim: null })).rejects.toThrow('not a renewal');
    await expect(buy({ claim: { ...claim, scope: 'usr_x' } })).rejects.toThrow('not a renewal');
    await expect(buy({ claim: { ...claim, key: 'just-a-key' } })).rejects.toThrow('not a renewal');
    await expect(buy({ principal: systemPayer('domains', 'usr_somebody_else') })).rejects.toThrow('not a renewal');
    await expect(buy({ principal: { ...systemPayer('domains', 'x'), lineageId: 'lin_x' } })).rejects.toThrow('not a renewal');
    await expect(buy({ principal: { ...systemPayer('domains', 'x'), keyId: 'key_x' } })).rejects.toThrow('not a renewal');
  });

  it('is refused a second time from the same expiry, even in another round and with its record forgotten', async () => {
    const who = await account();
    const same = { accountId: who.accountId, principal: systemPayer('domains', who.accountId), lockKey: null };
    const round = (n: number) => renewalClaim('domains', { resource: 'fern', expiresAt: new Date(START), round: n, requestId: 'req' });
    expect((await buy({ ...same, claim: round(1) })).status).toBe(200);
    await expect(buy({ ...same, claim: round(2) })).rejects.toThrow(new AppError('in_progress').message);
    expect((await buy({ ...same, claim: round(1) })).replayOf).not.toBeNull();
  });
});
