// A payment provider knows one address of ours for all products: what it says about another product's deposit is handed
// on, never seen here.
import { openDatabase, type Database } from '../../base/db';
import { silentLog } from '../../ground/runtime';
import { listDeposits } from './deposit-reads';
import { takeWebhook } from './deposits';
import { pollDeposits } from './poller';
import { depositFixture } from './test/deposit-fixture';

const { t, database, customer, created, find, pay, webhookFor, balanceOf } = depositFixture();
let vps: Database;

beforeAll(() => {
  vps = openDatabase({ url: database.urlFor('lumi_vps'), connections: 2, log: silentLog, name: 'vps-test' });
});
afterAll(() => vps.close());

it('leaves a hint, and the other product’s worker credits at its next round', async () => {
  const who = await customer();
  const deposit = await created(who);
  const isDue = await t.owner.query('SELECT 1 FROM platform.deposit WHERE id = $1 AND wake_at <= now()', [deposit.id]);
  expect(isDue.rowCount).toBe(0);
  await pay(deposit);
  const { body, headers } = webhookFor(deposit);
  expect(await takeWebhook({ ...t.deps, db: vps }, t.cryptobot, body, headers)).toBe('taken');
  expect(await takeWebhook({ ...t.deps, db: vps }, t.cryptobot, body, headers)).toBe('taken');
  expect(await pollDeposits({ ...t.deps, db: vps })).toBe(0);
  expect((await find(deposit.id)).state).toBe('pending');

  expect(await pollDeposits(t.deps)).toBe(1);
  expect((await find(deposit.id)).state).toBe('credited');
  expect(await balanceOf(who)).toBe(51_500n);
  expect((await t.owner.query('SELECT 1 FROM platform.payment_hint')).rows).toEqual([]);
});

it('shows a deposit to its own product only', async () => {
  const who = await customer();
  const deposit = await created(who);
  const reach = { kind: 'account', accountId: who.accountId } as const;
  expect((await listDeposits(t.db.platform, reach, {}, { limit: 5, beforeSeq: null })).map(({ id }) => id)).toEqual([
    deposit.id,
  ]);
  expect(await listDeposits(vps.platform, reach, {}, { limit: 5, beforeSeq: null })).toEqual([]);
});

it('deletes a hint that belongs to no deposit', async () => {
  await t.owner.query(
    `INSERT INTO platform.payment_hint (provider, provider_invoice_id, created_at)
      VALUES ('cryptobot', '424242', now() - interval '2 hours')`,
  );
  await pollDeposits(t.deps);
  expect((await t.owner.query('SELECT 1 FROM platform.payment_hint')).rows).toEqual([]);
});
