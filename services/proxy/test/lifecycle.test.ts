// Renewing, replacing and ending proxies: money, terms, quotas.
import { formatUsd } from '@lumi/shared/money';
import { FixedClock } from '@lumi/shared/runtime';
import { runIfDue, type TestAccount } from '@lumi/shared/testing';
import { lifecycleLoops } from '@lumi/shared/lifecycle';
import { checkHealthLoop } from '../src/jobs/check-health';
import { proxyLifecycle, trafficLifecycle } from '../src/jobs/lifecycle-source';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEndedLoop } from '../src/jobs/withdraw-ended';
import { NOW, ORDER, proxyTest } from './proxy-service';

const DAY_MS = 86_400_000;
const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const usd = async (accountId: string): Promise<string> => formatUsd((await lumi.balance(accountId)).available);

/** Does what the worker's loops would do at this time. */
async function time(): Promise<void> {
  for (const source of [proxyLifecycle(lumi.deps()), trafficLifecycle(lumi.deps())])
    for (const loop of lifecycleLoops(lumi.service, source))
      for (let rounds = 0; rounds < 20 && (await runIfDue(lumi.service, loop)); rounds += 1);
}

/** Of the product's own events; those about the account itself are left out. */
const eventTypes = async (who: TestAccount): Promise<string[]> =>
  (await lumi.get(who, '/events?limit=200')).body.items
    .filter(({ product }: { product: string | null }) => product !== null)
    .map((event: { type: string }) => event.type);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('POST /orders/{id}/renew', () => {
  it('extends all proxies from their expiry and charges the tier that they reach together', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 10 }] });
    const renewal = { period_days: 90, current_expires_at: body.proxies[0]?.expires_at };
    const answer = await lumi.pay(who, `/orders/${body.order.id}/renew`, renewal);
    expect(answer.status).toBe(200);
    expect(answer.body.order.money.captured_usd).toBe('43.605');
    expect(answer.body.proxies).toHaveLength(10);
    expect(answer.body.proxies[0]).toMatchObject({
      previous_expires_at: body.proxies[0]?.expires_at,
      price_usd: '4.3605',
    });
    expect((await lumi.get(who, `/proxies/${body.proxies[3]?.id ?? ''}`)).body.expires_at).toBe(
      answer.body.proxies[3].expires_at,
    );
    const again = await lumi.pay(who, `/orders/${body.order.id}/renew`, renewal);
    expect(again.body.error).toMatchObject({
      code: 'expiry_mismatch',
      details: [{ path: 'current_expires_at', message: answer.body.proxies[0].expires_at }],
    });
  });

  it('extends once when two equal requests come at the same moment', async () => {
    const { who, body } = await lumi.buyer();
    const before = await usd(who.accountId);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        lumi.pay(who, `/orders/${body.order.id}/renew`, {
          period_days: 30,
          current_expires_at: body.proxies[0]?.expires_at,
        }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    for (const answer of answers.filter((one) => one.status !== 200))
      expect(['busy', 'expiry_mismatch']).toContain(answer.body.error.code);
    expect(before).toBe('996.60');
    expect(await usd(who.accountId)).toBe('993.20');
    expect((await lumi.executed()).filter((line) => line.command === 'extend')).toHaveLength(2);
  });

  it('keeps the proxies locked while the outcome is unknown, and unlocks them when it is a refusal', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 1 }] });
    const proxy = body.proxies[0]?.id ?? '';
    const renewal = { period_days: 30, current_expires_at: body.proxies[0]?.expires_at };
    await lumi.send(who, 'patch', `/proxies/${proxy}`, { label: 'sandbox:pending-refused' });
    expect((await lumi.pay(who, `/orders/${body.order.id}/renew`, renewal)).status).toBe(202);
    expect((await lumi.pay(who, `/orders/${body.order.id}/renew`, renewal)).body.error.code).toBe('busy');
    await lumi.recover(3);
    await lumi.send(who, 'patch', `/proxies/${proxy}`, { label: 'sandbox:error-after' });
    expect((await lumi.pay(who, `/orders/${body.order.id}/renew`, renewal)).status).toBe(202);
    await lumi.recover(1);
    expect((await lumi.get(who, `/proxies/${proxy}`)).body.expires_at).toBe('2027-01-23T12:00:00Z');
    expect(await usd(who.accountId)).toBe('996.60');
  });

  it('works in grace and not after it, when the address has gone back to the network', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      product_id: 'isp',
      items: [{ country: 'XS', quantity: 1 }],
      period_days: 7,
    });
    const proxy = body.proxies[0]?.id ?? '';
    clock.advance(5 * DAY_MS);
    expect((await lumi.get(who, `/proxies/${proxy}`)).body.state).toBe('expiring');
    clock.advance(3 * DAY_MS);
    expect((await lumi.get(who, '/proxies?state=grace')).body.items.map((one: { id: string }) => one.id)).toEqual([
      proxy,
    ]);
    const renewed = await lumi.pay(who, `/orders/${body.order.id}/renew`, {
      period_days: 7,
      current_expires_at: body.proxies[0]?.expires_at,
    });
    expect(renewed.body.proxies[0].expires_at).toBe('2026-12-08T12:00:00Z');
    clock.advance(10 * DAY_MS);
    await time();
    await pushAccess(lumi.deps());
    await runIfDue(lumi.service, withdrawEndedLoop(lumi.deps()));
    await withdrawEndedLoop(lumi.deps()).run();
    const ended = await lumi.get(who, `/proxies/${proxy}`);
    expect(ended.body).toMatchObject({ state: 'expired', can: { renew: { allowed: false } } });
    expect(
      (
        await lumi.pay(who, `/orders/${body.order.id}/renew`, {
          period_days: 7,
          current_expires_at: ended.body.expires_at,
        })
      ).body.error.code,
    ).toBe('state_conflict');
    expect((await lumi.get(who, '/products/isp/locations?country=XS')).body.items[0].stock).toBe(3);
    expect(await eventTypes(who)).toEqual(
      expect.arrayContaining(['proxy.renewed', 'proxy.expiring', 'proxy.expired', 'proxy.ended']),
    );
    clock.advance(-18 * DAY_MS);
  });
});

describe('POST /proxies/replace', () => {
  it('is free within the quota, then paid, and moves all settings to the new proxy', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { username: 'bob', password: 'correct-horse-9', ips: ['198.51.100.7'] },
      label: 'shop',
    });
    const first = body.proxies[0];
    const wish = { select: { proxy_ids: [first?.id] }, reason: 'blocked' };
    const rehearsal = await lumi.send(who, 'post', '/proxies/replace?dry_run=true', wish);
    expect(rehearsal.body).toEqual({
      dry_run: true,
      would_succeed: true,
      price_usd: '0.00',
      removed: [first?.id],
      free: 1,
      paid: 0,
    });
    const free = await lumi.pay(who, '/proxies/replace', wish);
    expect(free.status).toBe(201);
    expect(free.body.replacement).toMatchObject({
      state: 'completed',
      free: 1,
      paid: 0,
      pairs: [{ old_proxy_id: first?.id, old_exit_ip: first?.exit_ip, was_free: true, quota_left: 0 }],
    });
    const second = free.body.replacement.added[0];
    const proxy = (await lumi.get(who, `/proxies/${second}?reveal=1`)).body;
    expect(proxy).toMatchObject({
      username: 'bob',
      password: 'correct-horse-9',
      label: 'shop',
      expires_at: first?.expires_at,
      replaces: first?.id,
      can: { replace: { free_left: 0 } },
    });
    expect(proxy.exit_ip).not.toBe(first?.exit_ip);
    expect((await lumi.get(who, `/proxies/${second}/allowlist`)).body.items).toMatchObject([
      { ip_or_cidr: '198.51.100.7' },
    ]);
    expect((await lumi.get(who, `/proxies/${first?.id ?? ''}`)).body).toMatchObject({
      state: 'replaced',
      replaced_by: second,
    });
    expect((await lumi.pay(who, '/proxies/replace', wish)).body.error.code).toBe('state_conflict');

    const paid = await lumi.pay(who, '/proxies/replace', {
      select: { proxy_ids: [second] },
      with: { country: 'DE' },
      max_price_usd: '0.50',
    });
    expect(paid.body.order.money.captured_usd).toBe('0.50');
    expect((await lumi.get(who, `/proxies/${paid.body.replacement.added[0]}`)).body.country).toBe('DE');
    expect(await usd(who.accountId)).toBe('997.80');
    expect((await lumi.get(who, '/replacements')).body.items.map((one: { free: number }) => one.free)).toEqual([0, 1]);
    expect((await lumi.get(who, `/replacements/${free.body.replacement.id}`)).body).toMatchObject({
      added: [second],
      pairs: [{ new_proxy_id: second }],
    });
  });

  it('uses the quota once when two requests come at the same moment', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 1 }] });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [body.proxies[0]?.id] } }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    for (const answer of answers.filter((one) => one.status !== 201))
      expect(['busy', 'state_conflict']).toContain(answer.body.error.code);
    expect(await usd(who.accountId)).toBe('998.30');
  });

  it('selects the proxies whose check failed, and requires the buy scope when it costs money', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [
        { country: 'XU', quantity: 1 },
        { country: 'XA', quantity: 1 },
      ],
    });
    await runIfDue(lumi.service, checkHealthLoop(lumi.deps()));
    expect((await lumi.get(who, '/proxies?healthy=false')).body.items).toHaveLength(1);
    const writer = await lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:write'] });
    const free = await lumi.pay(writer, '/proxies/replace', { select: { unhealthy: true }, with: { country: 'XA' } });
    expect(free.body.replacement.removed).toEqual([
      body.proxies.find((proxy) => proxy.exit_ip === free.body.replacement.pairs[0].old_exit_ip)?.id,
    ]);
    expect(
      (await lumi.pay(writer, '/proxies/replace', { select: { proxy_ids: free.body.replacement.added } })).body.error
        .code,
    ).toBe('forbidden_scope');
    expect((await lumi.pay(who, '/proxies/replace', { select: { unhealthy: true } })).body.error.code).toBe(
      'validation_error',
    );
  });

  it('changes nothing when the network refuses', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 1 }] });
    const refused = await lumi.pay(who, '/proxies/replace', {
      select: { proxy_ids: [body.proxies[0]?.id] },
      with: { country: 'XB' },
    });
    expect(refused.body.error.code).toBe('supplier_error');
    expect((await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body).toMatchObject({
      state: 'active',
      can: { replace: { free_left: 1 } },
    });
    expect((await lumi.get(who, '/replacements')).body.items).toMatchObject([{ state: 'failed', added: [] }]);
  });
});

describe('auto-renew', () => {
  it('renews once, a day before expiry, at the price of the country', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'JP', quantity: 1 }], auto_renew: true });
    expect(await usd(who.accountId)).toBe('997.90');
    clock.advance(28 * DAY_MS);
    await time();
    expect(await usd(who.accountId)).toBe('997.90');
    clock.advance(1.5 * DAY_MS);
    await time();
    await time();
    expect(await usd(who.accountId)).toBe('995.80');
    expect((await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body).toMatchObject({
      expires_at: '2027-01-23T12:00:00Z',
      state: 'active',
    });
    expect((await lumi.get(who, '/auto-renew-settings')).body).toMatchObject({
      enabled: true,
      spent_today_usd: '2.10',
    });
    clock.advance(-29.5 * DAY_MS);
  });

  it('sends an event when the balance is too low, and the proxy ends after its grace', async () => {
    const who = await lumi.account({ balance: '2' });
    const bought = await lumi.pay(who, '/orders', {
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auto_renew: true,
    });
    expect(bought.status).toBe(201);
    clock.advance(29.5 * DAY_MS);
    await time();
    expect(await eventTypes(who)).toContain('proxy.auto_renew_failed');
    expect(await usd(who.accountId)).toBe('0.30');
    clock.advance(4 * DAY_MS);
    await time();
    expect((await lumi.get(who, `/proxies/${bought.body.proxies[0].id}`)).body.state).toBe('expired');
    clock.advance(-33.5 * DAY_MS);
  });

  it('reminds the owner of a traffic plan before it expires, and says when it has', async () => {
    const who = await lumi.account();
    await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 });
    clock.advance(24 * DAY_MS);
    await time();
    expect(await eventTypes(who)).toEqual(['traffic.delivered', 'traffic.expiring']);
    clock.advance(6.5 * DAY_MS);
    await time();
    expect((await eventTypes(who)).at(-1)).toBe('traffic.expired');
    clock.advance(-30.5 * DAY_MS);
  });
});
