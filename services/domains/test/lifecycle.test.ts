// What becomes of domains as time passes, and renewals that Lumi makes automatically.
import { LIFECYCLE_RULES, autoRenewRound, stepRound, trackRound } from '@lumi/shared/lifecycle';
import { audit } from '@lumi/shared/ledger';
import { parseUsd as usd } from '@lumi/shared/money';
import { domainLifecycle } from '../src/jobs/lifecycle-source';
import { domainsService } from './domains-fixture';

const t = domainsService();
const source = domainLifecycle(t.domains);

/** Does everything that is due at this moment, as the worker's loops do. */
async function pass(): Promise<void> {
  await t.domains.catalogue.ready();
  await trackRound(t.domains.service.purchases, source);
  while (await stepRound(t.domains.service.purchases, source));
  await autoRenewRound(t.domains.service.purchases, source);
}

const eventsOf = async (domain: string) =>
  (
    await t.owner.query<{ type: string }>('SELECT type FROM platform.event WHERE subject = $1 ORDER BY seq', [domain])
  ).rows.map(({ type }) => type);

afterEach(async () => {
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
  expect(await audit(t.service.db.platform, LIFECYCLE_RULES)).toEqual([]);
});

it('sends the owner each event once, in order, from grace through redemption and deletion to release', async () => {
  const who = await t.account();
  await t.buy(who, { domain: 'forgotten.test' }).expect(201);
  for (const days of [340, 364, 366, 366 + 46, 366 + 46 + 31]) {
    t.clock.shiftMs = 0;
    t.clock.shiftDays(days);
    await pass();
    await pass();
  }
  t.clock.shiftDays(10);
  await pass();
  expect(await eventsOf('forgotten.test')).toEqual([
    'domain.registered',
    'domain.expiring',
    'domain.expiring',
    'domain.expiring',
    'domain.expired',
    'domain.redemption',
    'domain.pending_delete',
    'domain.released',
  ]);
  await t.get(who, '/domains/forgotten.test').expect(404);
  expect((await t.get(who, '/domains?state=released')).body.items).toHaveLength(1);
});

it('renews once a domain with auto_renew, and says why when it cannot', async () => {
  const [rich, poor] = [await t.account({ balance: '10' }), await t.account({ balance: '1' })];
  const { expires_at: before } = (await t.buy(rich, { domain: 'kept-alive.test', auto_renew: true }).expect(201)).body
    .domain as { expires_at: string };
  await t.buy(poor, { domain: 'not-covered.test', auto_renew: true }).expect(201);
  t.clock.shiftDays(365 - 13);
  await pass();
  await pass();
  expect((await t.get(rich, '/domains/kept-alive.test')).body.expires_at > before).toBe(true);
  expect((await t.balance(rich.accountId)).posted).toBe(usd('8'));
  expect(await eventsOf('kept-alive.test')).toEqual(expect.arrayContaining(['domain.renewed']));
  expect((await eventsOf('not-covered.test')).filter((type) => type === 'domain.auto_renew_failed')).toHaveLength(1);
  expect(await t.log('kept-alive.test')).toMatchObject([{ command: 'register' }, { command: 'renew', ending: 'done' }]);
});

it('does not renew a domain that its owner has deleted', async () => {
  const who = await t.account({ balance: '10' });
  await t.buy(who, { domain: 'given-back.test', auto_renew: true }).expect(201);
  t.clock.shiftDays(20);
  await t.remove(who, '/domains/given-back.test').send({ when: 'now', confirm: 'given-back.test' }).expect(200);
  await pass();
  t.clock.shiftDays(36);
  await pass();
  expect(await eventsOf('given-back.test')).toEqual([
    'domain.registered',
    'domain.updated',
    'domain.redemption',
    'domain.pending_delete',
    'domain.released',
  ]);
  expect((await t.balance(who.accountId)).posted).toBe(usd('9'));
});

it('counts the domains by state, and lists what will be due', async () => {
  const who = await t.account({ balance: '10' });
  for (const [domain, autoRenew] of [
    ['count-1.test', true],
    ['count-2.test', false],
  ] as const)
    await t.buy(who, { domain, auto_renew: autoRenew }).expect(201);
  expect((await t.get(who, '/domains/summary').expect(200)).body).toMatchObject({
    total: 2,
    by_state: { active: 2 },
    by_tld: { test: 2 },
    by_auto_renew: { true: 1, false: 1 },
    expiring: { within_90_days: 0 },
  });
  t.clock.shiftDays(365 - 40);
  expect((await t.get(who, '/domains/summary').expect(200)).body.expiring).toMatchObject({
    within_30_days: 0,
    within_60_days: 2,
  });
  expect((await t.get(who, '/forecast/renewals?days=60').expect(200)).body).toMatchObject({ shortfall_usd: '0.00' });
});
