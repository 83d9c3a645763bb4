import pg from 'pg';
import request from 'supertest';
import { sql } from '../../base/db';
import { openPaymentProviders } from '../../counter/deposits';
import { registry } from '../../base/monitoring';
import { watchWork } from '../process/work-gauges';
import type { Breach } from '../../base/ledger';
import { FixedClock, type LogFields } from '../../ground/runtime';
import { runIfDue, shopEndpoints, testService } from '../../testing';
import {
  checkOfBooks,
  checkOfDeposits,
  checkOfRules,
  listBreaches,
  reconcileIfDue,
  reconciliationLoop,
  type Check,
} from './index';

const alerts: LogFields[] = [];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_message: string, fields?: LogFields) => void alerts.push(fields ?? {}),
};
const clock = new FixedClock(Date.UTC(2026, 5, 9, 12));
const { service, app, account, operator, as, asMoney, database } = testService({
  endpoints: (one) => [...shopEndpoints(one), listBreaches(one)],
  clock,
  log,
});
const db = service.db.platform;
let owner: pg.Client;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(() => owner.end());
beforeEach(() => {
  alerts.length = 0;
  clock.advance(3_600_000);
});

const finding = (breaches: () => Breach[]): Check => ({
  scope: 'domains',
  db,
  find: () => Promise.resolve(breaches()),
});
const list = async (query = '') =>
  (
    await request(app)
      .get(`/admin/reconciliation${query}`)
      .set(as(await operator()))
  ).body;

describe('reconcileIfDue', () => {
  it('finds no breach in correct books, and runs once an interval with any number of workers', async () => {
    const who = await account();
    expect((await request(app).post('/gadgets').set(asMoney(who)).send({ name: 'lamp' })).status).toBe(201);
    const books = checkOfBooks(service.admin.platform, []);
    const ran = await Promise.all(Array.from({ length: 4 }, () => reconcileIfDue(service, books)));
    expect(ran.filter(Boolean)).toHaveLength(1);
    expect(alerts).toEqual([]);
    clock.advance(14 * 60_000);
    expect(await reconcileIfDue(service, books)).toBe(false);
    clock.advance(60_000);
    expect(await reconcileIfDue(service, books)).toBe(true);
    expect((await list()).rounds).toContainEqual(expect.objectContaining({ scope: 'books', found: 0, failure: null }));
  });

  it('is called by a loop that is due for a part never looked at, and then when the interval of one is over', async () => {
    const find = jest.fn(() => Promise.resolve([]));
    await owner.query('DELETE FROM platform.reconciliation');
    const loop = reconciliationLoop(
      service,
      ['domains', 'deposits-domains'].map((scope) => ({ scope, db, find })),
    );
    const round = async (): Promise<number> => {
      find.mockClear();
      await runIfDue(service, loop);
      return find.mock.calls.length;
    };
    expect([await round(), await round()]).toEqual([2, 0]);
    clock.advance(14 * 60_000);
    expect(await round()).toBe(0);
    clock.advance(60_000);
    expect([await round(), await round()]).toEqual([2, 0]);
    await owner.query(`DELETE FROM platform.reconciliation WHERE scope = 'domains'`);
    expect([await round(), await round()]).toEqual([1, 0]);
  });

  it('reports a breach once, keeps it open while it lasts, and closes it when it is gone', async () => {
    const who = await account();
    await owner.query('UPDATE platform.wallet SET posted = posted + 1 WHERE account_id = $1', [who.accountId]);
    const books = checkOfBooks(service.admin.platform, []);
    await reconcileIfDue(service, books);
    expect(alerts).toEqual([
      expect.objectContaining({
        scope: 'books',
        rule: 'posted is the sum of the wallet lines',
        subject: who.accountId,
        alert: true,
      }),
    ]);
    clock.advance(15 * 60_000);
    await reconcileIfDue(service, books);
    expect(alerts).toHaveLength(1);
    expect((await list()).items).toEqual([
      expect.objectContaining({ subject: who.accountId, seen: 2, cleared_at: null }),
    ]);
    const unwatch = watchWork(service);
    const breaches = () => registry.getSingleMetricAsString('lumi_reconciliation_breaches');
    expect(await breaches()).toMatch(/^lumi_reconciliation_breaches\{[^}]+\} 1$/m);
    await owner.query('UPDATE platform.wallet SET posted = posted - 1 WHERE account_id = $1', [who.accountId]);
    clock.advance(15 * 60_000);
    await reconcileIfDue(service, books);
    expect((await list()).items).toEqual([]);
    unwatch();
    watchWork(service); // a reading is kept for a second
    expect(await breaches()).toMatch(/^lumi_reconciliation_breaches\{[^}]+\} 0$/m);
    expect((await list('?state=cleared&scope=books')).items).toEqual([
      expect.objectContaining({ subject: who.accountId, seen: 2 }),
    ]);
    expect(
      (
        await owner.query(
          `SELECT count(*)::int AS n FROM platform.wallet w WHERE posted <> (SELECT coalesce(sum(amount), 0)
            FROM platform.entry e WHERE e.account_id = w.account_id)`,
        )
      ).rows[0].n,
    ).toBe(0);
  });

  it('checks again before it reports, so that the moment between two writes is no breach', async () => {
    let rounds = 0;
    const rule = ['nothing is ever so', sql`SELECT 'x' AS subject, 'y' AS detail`] as const;
    const real = checkOfRules('domains', db, [rule]);
    expect(await real.find()).toHaveLength(1);
    const transient: Check = checkOfRules(
      'domains',
      { ...db, $queryRaw: () => Promise.resolve(rounds++ === 0 ? [{ subject: 'x', detail: 'y' }] : []) } as never,
      [rule],
    );
    expect(await transient.find()).toEqual([]);
  });

  it('reports when it cannot check, closes no breach, and tries again sooner', async () => {
    await reconcileIfDue(
      service,
      finding(() => [{ rule: 'r', subject: 's', detail: 'd' }]),
    );
    clock.advance(15 * 60_000);
    await reconcileIfDue(
      service,
      finding(() => {
        throw new Error('supplier away');
      }),
    );
    const seen = await list('?scope=domains');
    expect(seen.items).toHaveLength(1);
    expect(seen.rounds).toContainEqual(expect.objectContaining({ scope: 'domains', failure: 'supplier away' }));
    clock.advance(2 * 60_000);
    expect(
      await reconcileIfDue(
        service,
        finding(() => []),
      ),
    ).toBe(true);
  });

  it('checks no other product', async () => {
    await expect(reconcileIfDue(service, { scope: 'vps', db, find: () => Promise.resolve([]) })).rejects.toThrow(
      'may not act for product vps',
    );
  });

  it('compares deposits with the provider', async () => {
    const who = await account();
    const providers = openPaymentProviders({
      db,
      product: 'domains',
      publicUrl: 'http://lumi.test',
      cryptoPayUrl: undefined,
      cryptoPayToken: undefined,
      sandbox: true,
    });
    const check = checkOfDeposits('domains', { ...service, providers, defaultCap: null });
    await owner.query(
      `INSERT INTO platform.deposit (id, account_id, product, provider, amount, state, expires_in_s,
        provider_invoice_id, key_id, lineage_id, idem_scope, idem_key, request_id, pay_url, pay_urls, created_at,
          settled_at, paid_at)
      VALUES ('dep_1', $1, 'domains', 'sandbox', 50000, 'credited', 3600, 'dep_1', 'k', 'l', 's', 'i', 'r', 'u', '{}',
        $2, $2, $2)`,
      [who.accountId, clock.now()],
    );
    expect((await check.find()).map(({ subject, detail }) => [subject, detail])).toEqual([
      ['dep_1', 'ours 50000, provider none'],
    ]);
  });
});

describe('GET /admin/reconciliation', () => {
  it('is for operators only', async () => {
    expect(
      (
        await request(app)
          .get('/admin/reconciliation')
          .set(as(await account()))
      ).status,
    ).toBe(403);
  });
});
