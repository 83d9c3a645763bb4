// A product for the tests of this room.
import pg from 'pg';
import { fromStep, rider, sql } from '../../../base/db';
import { audit } from '../../../base/ledger';
import { parseUsd } from '../../../ground/money';
import { costLine, thingSold, viewOrder, type JsonObject, type Outcome } from '../../purchase';
import { FixedClock, isoSeconds } from '../../../ground/runtime';
import { testEvent, testService, type TestAccount } from '../../../testing';
import {
  autoRenewEndpoints,
  autoRenewRound,
  LIFECYCLE_RULES,
  noOpenOrder,
  stepRound,
  trackRound,
  type LifecycleSource,
  type Resource,
} from '../index';

// A product of plants: they are renewed for a year at a time; unpaid ones wilt, and are composted at the supplier.
export const DAY = 86_400_000;
export const START = Date.UTC(2026, 5, 1, 12);
export const clock = new FixedClock(START);
export const { service, app, database, account, as, balance } = testService({ endpoints: autoRenewEndpoints, clock });
export const deps = service.purchases;
export const db = service.db.platform;
export let owner: pg.Client;

interface PlantRow {
  id: string;
  account_id: string;
  expires_at: Date;
  started_at: Date;
  auto_renew: boolean;
  price: bigint;
  tags: string[];
  compost_at: Date;
}

/** The supplier's chosen endings, and what it was asked to compost. */
export const supplier: {
  ending: Outcome<JsonObject>['kind'];
  composting: Outcome<JsonObject>['kind'];
  composted: string[];
} = { ending: 'done', composting: 'done', composted: [] };
const outcome = (kind: Outcome<JsonObject>['kind']): Outcome<JsonObject> =>
  kind === 'done'
    ? { kind, result: {} }
    : kind === 'refused'
      ? { kind, code: 'supplier_error' }
      : kind === 'pending'
        ? { kind, supplierRef: 'x' }
        : { kind };

export const watering = thingSold<{ plant: string; until: string }, JsonObject>({
  kind: 'watering',
  termsNow: 'fixed',
  describe: () => 'Watering',
  act: () => Promise.resolve(outcome(supplier.ending)),
  lookUp: () => Promise.resolve(outcome(supplier.ending)),
  deliver: ({ item }) => [
    rider`UPDATE garden.plant p SET started_at = p.expires_at,
      expires_at = ${item.until}::timestamptz ${fromStep('settled')} AND p.id = ${item.plant}`,
  ],
  answer: (order) => ({ status: 200, body: { order: viewOrder(order) } }),
  events: ({ item }) => [testEvent('plant.renewed', item.plant, {})],
});

const resourceOf = (row: PlantRow): Resource => ({
  id: row.id,
  accountId: row.account_id,
  expiresAt: row.expires_at,
  startedAt: row.started_at,
  autoRenew: row.auto_renew,
  tags: row.tags,
  data: { plant_id: row.id },
  renewFrom: new Date(row.expires_at.getTime() - 3 * DAY),
  renewUntil: row.compost_at,
  holds: noOpenOrder('domains', row.id),
  stages: [
    { name: 'wilting', at: new Date(row.expires_at.getTime() + 2 * DAY) },
    { name: 'composted', at: row.compost_at },
  ],
});

export const source: LifecycleSource = {
  product: 'domains',
  noun: 'plant',
  live: (until) =>
    sql`SELECT id, account_id, expires_at, auto_renew, price FROM garden.plant WHERE ended_at IS NULL
      AND expires_at < ${until}::timestamptz`,
  read: async (ids) =>
    (
      await db.$queryRaw<PlantRow[]>(
        sql`SELECT *, expires_at + interval '10 days' AS compost_at FROM garden.plant WHERE ended_at IS NULL
          AND id = ANY (${[...ids]}::text[])`,
      )
    ).map(resourceOf),
  stages: {
    composted: {
      enter: (_resource, { reference }) => {
        supplier.composted.push(reference);
        return Promise.resolve(outcome(supplier.composting));
      },
      deliver: (resource, now) => [
        rider`UPDATE garden.plant p SET ended_at = ${now}::timestamptz ${fromStep('advanced')}
          AND p.id = ${resource.id}`,
      ],
    },
  },
  renewals: (_accountId, resources) =>
    Promise.all(
      resources.map(async ({ id, expiresAt }) => {
        const rows = await db.$queryRaw<{ price: bigint }[]>(sql`SELECT price FROM garden.plant WHERE id = ${id}`);
        const until = new Date(expiresAt);
        until.setUTCFullYear(until.getUTCFullYear() + 1);
        return {
          thing: watering,
          item: { plant: id, until: until.toISOString() },
          subject: id,
          lockKey: id,
          terms: { facts: { plant: id }, cost: [costLine('Water', rows[0]?.price ?? 0n)] },
          refusal: null,
        };
      }),
    ),
};

let plants = 0;
export async function plant(
  who: TestAccount,
  expiresInDays: number,
  options: { price?: string; autoRenew?: boolean; tags?: string[] } = {},
): Promise<string> {
  plants += 1;
  const id = `plant-${String(plants)}`;
  await owner.query(
    'INSERT INTO garden.plant (id, account_id, expires_at, started_at, auto_renew, price, tags) VALUES ($1, ' +
      '$2, $3, $4, $5, $6, $7)',
    [
      id,
      who.accountId,
      new Date(clock.nowMs() + expiresInDays * DAY),
      new Date(clock.nowMs() - 365 * DAY),
      options.autoRenew ?? false,
      parseUsd(options.price ?? '10').toString(),
      options.tags ?? [],
    ],
  );
  return id;
}

/** Runs the worker's loops until nothing is due. */
export async function work(): Promise<void> {
  let isBusy = true;
  for (let round = 0; isBusy && round < 50; round += 1) {
    await trackRound(deps, source);
    isBusy = await stepRound(deps, source);
  }
  await autoRenewRound(deps, source);
  await trackRound(deps, source);
}

export async function pass(days: number): Promise<void> {
  clock.advance(days * DAY);
  await work();
}

export const eventsOf = async (id: string): Promise<string[]> =>
  (
    await db.$queryRaw<{ type: string; data: { days_left?: number; reason?: string } }[]>(
      sql`SELECT type, data FROM platform.event WHERE subject = ${id} ORDER BY seq`,
    )
  ).map(({ type, data }) => [type, data.days_left ?? data.reason].filter((part) => part !== undefined).join(' '));
export const expiryOf = async (id: string): Promise<string> =>
  isoSeconds(
    (await owner.query<{ expires_at: Date }>('SELECT expires_at FROM garden.plant WHERE id = $1', [id])).rows[0]
      ?.expires_at ?? new Date(0),
  );

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`CREATE SCHEMA garden; GRANT USAGE ON SCHEMA garden TO lumi_domains;
    CREATE TABLE garden.plant (id text PRIMARY KEY, account_id text NOT NULL, expires_at timestamptz NOT NULL,
      started_at timestamptz NOT NULL, auto_renew boolean NOT NULL,
      price bigint NOT NULL, tags text[] NOT NULL, ended_at timestamptz); GRANT SELECT, UPDATE
        ON garden.plant TO lumi_domains`);
});
afterAll(() => owner.end());
beforeEach(() => {
  supplier.ending = 'done';
  supplier.composting = 'done';
  supplier.composted = [];
});
afterEach(async () => {
  expect(await audit(db, LIFECYCLE_RULES)).toEqual([]);
  await owner.query('UPDATE garden.plant SET ended_at = now() WHERE ended_at IS NULL');
  await work();
});
