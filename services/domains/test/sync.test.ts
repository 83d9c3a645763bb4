// When the registry's data of a name differ from ours, they are read, stored and shown, and the next try succeeds.
import { autoRenewRound, stepRound, trackRound } from '@lumi/shared/lifecycle';
import { domainLifecycle } from '../src/jobs/lifecycle-source';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  jest.restoreAllMocks();
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}
const yearLater = (time: string, years = 1): string => `${String(Number(time.slice(0, 4)) + years)}${time.slice(4)}`;
const renew = (who: Who, domain: string, current: string, body: object = {}) =>
  t.pay(who, `/domains/${domain}/renew`, { years: 1, current_expires_at: current, ...body });
const sync = (who: Who, domain: string) => t.post(who, `/domains/${domain}/sync`, {});
const eventsOf = async (who: Who, domain: string) =>
  (
    (await t.get(who, `/events?limit=200`)).body.items as {
      type: string;
      subject: string;
      data: Record<string, unknown>;
    }[]
  ).filter((one) => one.subject === domain);

describe('a renewal that states another expiry than the registry has', () => {
  it('is answered with the true expiry, and a second try with that expiry succeeds', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at: ours } = await bought(who, 'drift-expiry-a.test');
    const true1 = yearLater(ours);
    const { body } = await renew(who, 'drift-expiry-a.test', ours, {}).expect(409);
    expect(body.error).toMatchObject({
      code: 'expiry_mismatch',
      details: [
        { path: 'current_expires_at', message: true1 },
        { path: 'state', message: 'active' },
      ],
    });
    expect((await t.get(who, '/domains/drift-expiry-a.test')).body.expires_at).toBe(true1);
    expect((await renew(who, 'drift-expiry-a.test', true1).expect(200)).body.expires_at).toBe(yearLater(ours, 2));
    expect(
      (await eventsOf(who, 'drift-expiry-a.test')).find(({ type }) => type === 'domain.synced')?.data,
    ).toMatchObject({ changes: { expires_at: { from: ours, to: true1 } } });
    expect((await t.balance(who.accountId)).posted).toBe(180000n);
  });

  it('succeeds at once when the caller states the expiry that the registry has', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'drift-expiry-b.test');
    expect((await renew(who, 'drift-expiry-b.test', yearLater(ours)).expect(200)).body.expires_at).toBe(
      yearLater(ours, 2),
    );
  });

  it('shows the true expiry in the repeated answer and in an item of a bulk', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'drift-expiry-c.test');
    const first = await renew(who, 'drift-expiry-c.test', ours).set('idempotency-key', 'the-same-renewal').expect(409);
    expect(
      (await renew(who, 'drift-expiry-c.test', ours).set('idempotency-key', 'the-same-renewal').expect(409)).text,
    ).toBe(first.text);
    const { expires_at: another } = await bought(who, 'drift-expiry-d.test');
    const bulk = await t
      .pay(who, '/domains/bulk-renew', {
        items: [{ domain: 'drift-expiry-d.test', years: 1, current_expires_at: another }],
      })
      .expect(200);
    expect(bulk.body.items[0].error).toMatchObject({
      code: 'expiry_mismatch',
      details: [{ path: 'current_expires_at', message: yearLater(another) }, { path: 'state' }],
    });
  });

  it('asks the registry at most once a minute when a caller keeps stating a wrong expiry', async () => {
    const who = await t.account();
    await bought(who, 'stubborn.test');
    const asked = jest.spyOn(t.domains.registrars.get('sandbox'), 'info');
    for (let i = 0; i < 3; i += 1) await renew(who, 'stubborn.test', '2020-01-01T00:00:00Z').expect(409);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

describe('an expiry that a sync has changed', () => {
  it('makes a quote for the earlier expiry invalid', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'drift-expiry-q.test');
    const quote = (
      await t
        .post(who, '/quotes', { operation: 'renew', items: [{ domain: 'drift-expiry-q.test', years: 1 }] })
        .expect(201)
    ).body;
    const { expires_at: true1 } = (await sync(who, 'drift-expiry-q.test').expect(200)).body;
    expect((await renew(who, 'drift-expiry-q.test', true1, { quote_id: quote.id }).expect(409)).body.error.code).toBe(
      'price_changed',
    );
    await renew(who, 'drift-expiry-q.test', true1).expect(200);
  });

  it('is where automatic renewal continues, without buying a year too early and without an error', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at: ours } = await bought(who, 'drift-expiry-auto.test', { auto_renew: true });
    const source = domainLifecycle(t.domains);
    const pass = async (): Promise<void> => {
      await trackRound(t.domains.service.purchases, source);
      while (await stepRound(t.domains.service.purchases, source));
      await autoRenewRound(t.domains.service.purchases, source);
    };
    t.clock.shiftDays(365 - 13);
    for (let i = 0; i < 3; i += 1) await pass();
    expect((await t.get(who, '/domains/drift-expiry-auto.test')).body.expires_at).toBe(yearLater(ours));
    expect((await t.balance(who.accountId)).posted).toBe(190000n);
    t.clock.shiftDays(365);
    for (let i = 0; i < 3; i += 1) await pass();
    expect((await t.get(who, '/domains/drift-expiry-auto.test')).body.expires_at).toBe(yearLater(ours, 2));
    expect((await eventsOf(who, 'drift-expiry-auto.test')).map(({ type }) => type)).not.toContain(
      'domain.auto_renew_failed',
    );
  });
});

describe('a state that differs at the registry', () => {
  it('is shown with the refusal, and what that state allows is possible afterwards', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at: ours } = await bought(who, 'drift-redemption-a.test');
    const refused = await t.patch(who, '/domains/drift-redemption-a.test', { locked: false }).expect(409);
    expect(refused.body.error).toMatchObject({
      code: 'state_conflict',
      details: [{ path: 'current_expires_at' }, { path: 'state', message: 'redemption' }],
    });
    expect((await t.get(who, '/domains/drift-redemption-a.test')).body).toMatchObject({
      state: 'redemption',
      can: { restore: { allowed: true } },
    });
    await renew(who, 'drift-redemption-a.test', ours).expect(409);
    await t.pay(who, '/domains/drift-redemption-a.test/restore', {}).expect(200);
  });

  it('is also found by a paid command', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at: ours } = await bought(who, 'drift-redemption-b.test');
    expect((await renew(who, 'drift-redemption-b.test', ours).expect(409)).body.error).toMatchObject({
      code: 'state_conflict',
      details: [{ path: 'current_expires_at' }, { path: 'state', message: 'redemption' }],
    });
    await t.pay(who, '/domains/drift-redemption-b.test/restore', {}).expect(200);
  });
});

describe('POST /domains/{domain}/sync', () => {
  it('answers the domain as the registry has it', async () => {
    const who = await t.account();
    await bought(who, 'drift-nameservers-a.test', { nameservers: ['ns1.example.net', 'ns2.example.net'] });
    expect((await sync(who, 'drift-nameservers-a.test').expect(200)).body).toMatchObject({
      nameservers: ['ns1.example.org', 'ns2.example.org'],
      locked: false,
      missing_since: null,
    });
    expect((await eventsOf(who, 'drift-nameservers-a.test')).at(-1)).toMatchObject({
      type: 'domain.synced',
      data: {
        changes: { nameservers: { to: ['ns1.example.org', 'ns2.example.org'] }, locked: { from: true, to: false } },
      },
    });
  });

  it('writes no event when nothing differs', async () => {
    const who = await t.account();
    await bought(who, 'agreed.test');
    const before = (await t.get(who, '/domains/agreed.test')).body;
    t.clock.shiftMs = 5_000;
    const { synced_at: syncedAt, ...after } = (await sync(who, 'agreed.test').expect(200)).body;
    expect(after).toEqual({ ...before, synced_at: undefined });
    expect(syncedAt > before.synced_at).toBe(true);
    expect((await eventsOf(who, 'agreed.test')).map(({ type }) => type)).toEqual(['domain.registered']);
  });

  it('is allowed once a minute, and Retry-After is exact', async () => {
    const who = await t.account();
    await bought(who, 'often.test');
    await sync(who, 'often.test').expect(200);
    t.clock.shiftMs = 20_500;
    const refused = await sync(who, 'often.test').expect(429);
    expect([refused.body.error.code, Number(refused.headers['retry-after'])]).toEqual([
      'rate_limited',
      expect.any(Number),
    ]);
    const afterS = Number(refused.headers['retry-after']);
    expect([refused.headers['ratelimit'], refused.headers['ratelimit-policy']]).toEqual([
      `"sync";r=0;t=${String(afterS)}`,
      '"sync";q=1;w=60',
    ]);
    expect(afterS).toBeGreaterThan(30);
    expect(afterS).toBeLessThanOrEqual(40);
    t.clock.shiftMs += afterS * 1_000;
    await sync(who, 'often.test').expect(200);
    await bought(who, 'another.test');
    await sync(who, 'another.test').expect(200);
  });

  it('does not count against the limit while the registry does not answer, or while an order is open on the name', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'renew-pending-then-done-9-a.test');
    jest.spyOn(t.domains.registrars.get('sandbox'), 'info').mockRejectedValueOnce(new Error('away'));
    const away = await sync(who, 'renew-pending-then-done-9-a.test').expect(503);
    expect(Number(away.headers['retry-after'])).toBeGreaterThan(0);
    const { body } = await renew(who, 'renew-pending-then-done-9-a.test', ours).expect(202);
    expect((await sync(who, 'renew-pending-then-done-9-a.test').expect(409)).body.error).toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: body.operation_id }],
    });
    for (let i = 0; i < 10; i += 1) await t.recover();
    await sync(who, 'renew-pending-then-done-9-a.test').expect(200);
  });

  it('does not overwrite what happened while the registry was asked', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'meanwhile.test');
    const registrar = t.domains.registrars.get('sandbox');
    const info = registrar.info.bind(registrar);
    jest.spyOn(registrar, 'info').mockImplementationOnce(async (name, signal) => {
      const old = await info(name, signal);
      await renew(who, 'meanwhile.test', ours).expect(200);
      return old;
    });
    expect((await sync(who, 'meanwhile.test').expect(200)).body.expires_at).toBe(yearLater(ours));
  });

  it('requires domains:write, and finds no domain of another account', async () => {
    const who = await t.account();
    await bought(who, 'mine.test');
    await sync(await t.account(), 'mine.test').expect(404);
    await sync(await t.keyOf(who.accountId, { scopes: ['domains:read', 'domains:buy'] }), 'mine.test').expect(403);
    await sync(await t.operator(), 'mine.test').expect(200);
  });
});

describe('a renewal that ends after another change of the name', () => {
  it('clears missing_since when the registry knows the name again', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'renew-timeout-after-success-lost.test');
    await renew(who, 'renew-timeout-after-success-lost.test', ours).expect(202);
    const registrar = t.domains.registrars.get('sandbox');
    jest.spyOn(registrar, 'update').mockResolvedValueOnce({ kind: 'unknown' });
    jest.spyOn(registrar, 'info').mockResolvedValueOnce({ kind: 'absent' });
    await t.patch(who, '/domains/renew-timeout-after-success-lost.test', { locked: false }).expect(502);
    expect((await t.get(who, '/domains/renew-timeout-after-success-lost.test')).body.missing_since).toEqual(
      expect.any(String),
    );
    await t.recover();
    expect((await t.get(who, '/domains/renew-timeout-after-success-lost.test')).body).toMatchObject({
      missing_since: null,
      expires_at: yearLater(ours),
      can: { renew: { allowed: true } },
    });
  });

  it('keeps a later change when the registry’s answer is from before it', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'renew-timeout-after-success-open.test');
    await renew(who, 'renew-timeout-after-success-open.test', ours).expect(202);
    await t
      .put(who, '/domains/renew-timeout-after-success-open.test/nameservers', {
        nameservers: ['ns3.example.org', 'ns4.example.org'],
      })
      .expect(200);
    await t.recover();
    expect((await t.get(who, '/domains/renew-timeout-after-success-open.test')).body).toMatchObject({
      expires_at: yearLater(ours),
      nameservers: ['ns3.example.org', 'ns4.example.org'],
    });
  });

  it('keeps its new expiry when the registry’s answer to the other change is from before the renewal', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'renewed-meanwhile.test');
    const registrar = t.domains.registrars.get('sandbox');
    const update = registrar.update.bind(registrar);
    jest.spyOn(registrar, 'update').mockImplementationOnce(async (...call) => {
      const answer = await update(...call);
      await renew(who, 'renewed-meanwhile.test', ours).expect(200);
      return answer;
    });
    await t.patch(who, '/domains/renewed-meanwhile.test', { locked: false }).expect(200);
    expect((await t.get(who, '/domains/renewed-meanwhile.test')).body).toMatchObject({
      locked: false,
      expires_at: yearLater(ours),
    });
  });
});
