import request from 'supertest';
import { sql } from '../../base/db';
import { FixedClock } from '../../ground/runtime';
import { testService } from '../../testing';
import { forecastOf, forecastRenewals } from './renewals';
import { summaryEndpoint } from './summary';

const clock = new FixedClock(Date.UTC(2026, 5, 9, 12));
let mine = '';
const things = () => sql`
  SELECT * FROM (VALUES
    ('a', ${mine}, '2026-06-08T00:00:00Z'::timestamptz, true, 100000::bigint, 'expired_grace', 'com'),
    ('b', ${mine}, '2026-06-15T00:00:00Z', true, 200000, 'active', 'com'),
    ('c', ${mine}, '2026-06-15T23:00:00Z', false, 300000, 'active', 'net'),
    ('d', ${mine}, '2026-08-20T00:00:00Z', true, 900000, 'active', NULL),
    ('e', 'usr_other', '2026-06-15T00:00:00Z', true, 700000, 'active', 'com')) v(id, account_id, expires_at, auto_renew,
      price, state, tld)`;
const { app, account, operator, as } = testService({
  clock,
  endpoints: (service) => [
    forecastRenewals(service, [
      { live: (until) => sql`SELECT * FROM (${things()}) t WHERE expires_at < ${until}::timestamptz` },
    ]),
    summaryEndpoint(service, { things: 'domains', tag: 'Test', groups: ['state', 'tld'], rows: () => things() }),
  ],
});

describe('GET /forecast/renewals', () => {
  it('sums the renewals of the account by day, and says when the balance runs out', async () => {
    const who = await account({ balance: '25' });
    mine = who.accountId;
    const { status, body } = await request(app).get('/forecast/renewals?days=30').set(as(who));
    expect(status).toBe(200);
    expect(body).toEqual({
      user_id: mine,
      total_usd: '60.00',
      count: 3,
      auto_renew_total_usd: '30.00',
      available_usd: '25.00',
      shortfall_usd: '5.00',
      runs_out_at: '2026-06-15T00:00:00Z',
      days: [
        { date: '2026-06-09', due_usd: '10.00', count: 1, auto_renew_due_usd: '10.00', auto_renew_count: 1 },
        { date: '2026-06-15', due_usd: '50.00', count: 2, auto_renew_due_usd: '20.00', auto_renew_count: 1 },
      ],
    });
    expect((await request(app).get('/forecast/renewals').set(as(who))).body.count).toBe(4);
  });

  it('has no shortfall while the balance suffices', () => {
    expect(forecastOf([], 0n)).toMatchObject({ shortfall_usd: '0.00', runs_out_at: null, total_usd: '0.00' });
    expect(
      forecastOf([{ date: '2026-06-09', count: 1, due: 10n, autoRenewCount: 1, autoRenewDue: 10n }], 10n),
    ).toMatchObject({ shortfall_usd: '0.00', runs_out_at: null });
  });

  it('takes 1 to 365 days, and requires user_id from an operator', async () => {
    const who = await account();
    for (const days of ['0', '366', '-1', 'x', '1.5'])
      expect((await request(app).get(`/forecast/renewals?days=${days}`).set(as(who))).status).toBe(422);
    expect(
      (
        await request(app)
          .get('/forecast/renewals')
          .set(as(await operator()))
      ).status,
    ).toBe(422);
  });
});

describe('GET /domains/summary', () => {
  it('counts by state, tld and auto_renew, and what expires soon', async () => {
    const who = await account();
    mine = who.accountId;
    expect((await request(app).get('/domains/summary').set(as(who))).body).toEqual({
      total: 4,
      by_state: { active: 3, expired_grace: 1 },
      by_tld: { com: 2, net: 1, none: 1 },
      by_auto_renew: { true: 3, false: 1 },
      expiring: { within_7_days: 2, within_30_days: 2, within_60_days: 2, within_90_days: 3 },
    });
    expect(
      (
        await request(app)
          .get('/domains/summary')
          .set(as(await operator()))
      ).body.total,
    ).toBe(5);
    mine = 'usr_nobody';
    expect((await request(app).get('/domains/summary').set(as(who))).body).toMatchObject({
      total: 0,
      by_state: {},
      by_auto_renew: { true: 0, false: 0 },
      expiring: { within_7_days: 0 },
    });
  });
});
