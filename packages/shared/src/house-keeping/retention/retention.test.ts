// What is kept for a time only is deleted in bounded steps; money never is, and no sale waits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import request from 'supertest';
import { shopEndpoints, testService } from '../../testing';
import { retentionLoop } from '.';

const shop = testService({ endpoints: shopEndpoints });
let owner: pg.Client;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: shop.database.ownerUrl });
  await owner.connect();
});
afterAll(() => owner.end());

const value = async <T>(text: string): Promise<T> =>
  (await owner.query<{ value: T }>(`SELECT (${text}) AS value`)).rows[0]?.value as T;

const claims = (count: number, name: string, { state = 'done', product = 'domains', days = 31 } = {}) =>
  owner.query(
    `INSERT INTO platform.idempotency (scope, product, key, fingerprint, state, status, body, request_id, created_at,
      done_at) SELECT 's', $1, $2 || '-' || n, '\\x00', $3, 200, '\\x7b7d', 'req', now() - interval '90 days',
      CASE WHEN $3 = 'done' THEN now() - make_interval(days => $4) END FROM generate_series(1, $5::int) n`,
    [product, name, state, days, count],
  );

const events = (count: number, name: string, { product = 'domains', days = 91 } = {}) =>
  owner.query(
    `INSERT INTO platform.event (id, account_id, product, type, subject, data, created_at)
      SELECT $2 || '-' || n, 'usr_old', $1, 'test.age', $2, '{}', now() - make_interval(days => $3)
      FROM generate_series(1, $4::int) n`,
    [product, name, days, count],
  );

const names = async (table: 'idempotency' | 'event', column: 'key' | 'subject'): Promise<unknown> =>
  (
    await owner.query<{ name: string; count: number }>(
      `SELECT regexp_replace(${column}, '-[0-9]+$', '') AS name, count(*)::int AS count FROM platform.${table}
        WHERE ${table === 'event' ? `account_id = 'usr_old'` : `scope = 's'`} GROUP BY 1 ORDER BY 1`,
    )
  ).rows.map(({ name, count }) => `${name} ${count}`);

describe('retention', () => {
  beforeEach(async () => {
    await owner.query(`DELETE FROM platform.idempotency WHERE scope = 's'`);
    await owner.query(`DELETE FROM platform.event WHERE account_id = 'usr_old'`);
  });

  it('has the periods of its README', async () => {
    const readme = readFileSync(join(__dirname, 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| ([a-z][a-z ]+?) +\| (\d+ (?:days|hours?)) +\|/gm)];
    expect(rows).toHaveLength(16);
    const sql = readFileSync(join(__dirname, 'sql', 'kept_for.sql'), 'utf8');
    expect(rows.map(([, what]) => what).sort()).toEqual(
      [...sql.matchAll(/WHEN '([^']+)'/g)].map(([, what]) => what).sort(),
    );
    for (const [, what, period] of rows)
      expect(await value(`platform.kept_for('${what}') = interval '${period}'`)).toBe(true);
    expect(await value(`platform.kept_for('an entry of the ledger') IS NULL`)).toBe(true);
  });

  it('deletes what has outlived its period, of this product, and keeps the rest and every open claim', async () => {
    await claims(3, 'old');
    await claims(2, 'young', { days: 29 });
    await claims(2, 'open', { state: 'claimed' });
    await claims(2, 'of-hosting', { product: 'vps' });
    await events(3, 'old');
    await events(2, 'young', { days: 89 });
    await events(2, 'of-hosting', { product: 'vps' });
    expect(await retentionLoop(shop.service).run()).toBe(false);
    expect(await names('idempotency', 'key')).toEqual(['of-hosting 2', 'open 2', 'young 2']);
    expect(await names('event', 'subject')).toEqual(['of-hosting 2', 'young 2']);
  });

  it('deletes a breach long after it was cleared, an open one never', async () => {
    await owner.query(`INSERT INTO platform.breach (scope, rule, subject, detail, first_seen_at, last_seen_at,
      cleared_at)
      SELECT 'books', 'rule', 'cleared ' || d, '', now() - interval '900 days', now(), now() - make_interval(days => d)
        FROM unnest(ARRAY[399, 401]) d
      UNION ALL SELECT scope, 'rule', 'open', '', now() - interval '900 days', now(), NULL
        FROM unnest(ARRAY['books', 'domains']) scope
      UNION ALL SELECT 'vps', 'rule', 'of hosting', '', now(), now(), now() - interval '900 days'`);
    await retentionLoop(shop.service).run();
    const { rows } = await owner.query<{ subject: string }>('SELECT subject FROM platform.breach ORDER BY 1');
    expect(rows.map(({ subject }) => subject)).toEqual(['cleared 399', 'of hosting', 'open', 'open']);
    await owner.query('DELETE FROM platform.breach');
  });

  it('never meets more rows than a step may, and the next round goes on where it stood', async () => {
    await claims(25, 'old');
    await events(12, 'old');
    const loop = retentionLoop(shop.service, 10);
    expect(await loop.run()).toBe(true);
    expect([await names('idempotency', 'key'), await names('event', 'subject')]).toEqual([['old 15'], ['old 2']]);
    expect(await loop.run()).toBe(true);
    expect([await names('idempotency', 'key'), await names('event', 'subject')]).toEqual([['old 5'], []]);
    expect(await loop.run()).toBe(false);
    expect(await names('idempotency', 'key')).toEqual([]);
  });

  it('empties sealed answers in steps of the same size', async () => {
    await claims(25, 'sealed', { days: 2 });
    await owner.query(`UPDATE platform.idempotency SET sealed = true WHERE scope = 's'`);
    const full = () => value<string>(`SELECT count(*) FROM platform.idempotency WHERE scope = 's' AND body <> ''`);
    const loop = retentionLoop(shop.service, 10);
    expect([await loop.run(), await full()]).toEqual([true, '15']);
    expect([await loop.run(), await full()]).toEqual([true, '5']);
    expect([await loop.run(), await full()]).toEqual([false, '0']);
  });

  it('passes over rows that another statement holds, and no sale waits for a step that has not committed', async () => {
    await claims(5, 'old');
    const other = new pg.Client({ connectionString: shop.database.ownerUrl });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query(`SELECT 1 FROM platform.idempotency WHERE key IN ('old-1', 'old-2') FOR UPDATE`);
      await retentionLoop(shop.service).run();
      expect(await names('idempotency', 'key')).toEqual(['old 2']);
      await other.query('ROLLBACK');

      await events(5, 'old');
      await other.query('BEGIN');
      await other.query(`SELECT platform.forget_claims(500), platform.forget_events('domains', 500)`);
      const who = await shop.account();
      const { status } = await request(shop.app)
        .post('/gadgets')
        .set(shop.asMoney(who))
        .send({ name: 'sold-meanwhile' })
        .timeout(5_000);
      expect(status).toBe(201);
      await other.query('COMMIT');
    } finally {
      await other.end();
    }
    expect(await shop.audit()).toEqual([]);
  });

  it('leaves ledger and orders as they are, however old, and the books are right without claims and events', async () => {
    const who = await shop.account();
    const key = 'bought-long-ago-01';
    await request(shop.app).post('/gadgets').set(shop.asMoney(who, key)).send({ name: 'long-ago' }).expect(201);
    await owner.query(`UPDATE platform.idempotency SET created_at = created_at - interval '900 days',
      done_at = done_at - interval '900 days'`);
    await owner.query(`UPDATE platform.event SET created_at = created_at - interval '900 days'`);
    const money = () =>
      value(`SELECT jsonb_build_array((SELECT count(*) FROM platform.entry), (SELECT count(*) FROM platform.transfer),
        (SELECT count(*) FROM platform.orders), (SELECT sum(posted) FROM platform.wallet))`);
    const before = await money();
    await retentionLoop(shop.service).run();
    expect(await value(`SELECT count(*)::int FROM platform.idempotency WHERE key = '${key}'`)).toBe(0);
    expect(await value(`SELECT count(*)::int FROM platform.event WHERE account_id = '${who.accountId}'`)).toBe(0);
    expect(await money()).toEqual(before);
    expect(await shop.audit()).toEqual([]);
  });
});
