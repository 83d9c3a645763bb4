// A price holds only while all its inputs are unchanged. A partial delivery is charged as what was delivered, and a
// replacement keeps its value.
import { beforeHoldOf } from '@lumi/shared/testing';
import { FixedClock } from '@lumi/shared/runtime';
import { NOW, ORDER, owner, proxyTest } from './proxy-service';

const DAY = 86_400_000;
const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

afterEach(async () => {
  beforeNextHold(null);
  expect(await lumi.audit()).toEqual([]);
});

const beforeNextHold = beforeHoldOf(lumi.service.purchases);

describe('a partial delivery', () => {
  it.each([
    // One of 151: the price of one, not that of one in a hundred.
    [
      'of one where 151 were ordered',
      [
        { country: 'US', quantity: 1 },
        { country: 'XB', quantity: 150 },
      ],
      180,
      '8.67',
    ],
    [
      'of nine where ten were ordered',
      [
        { country: 'US', quantity: 9 },
        { country: 'XB', quantity: 1 },
      ],
      30,
      '15.30',
    ],
    // 99 at the tier of 50 are dearer than all 100. The charge never exceeds the price that was agreed to for all.
    [
      'of 99 where 100 were ordered',
      [
        { country: 'US', quantity: 99 },
        { country: 'XB', quantity: 1 },
      ],
      30,
      '144.50',
    ],
    [
      'with a surcharge',
      [
        { country: 'GB', quantity: 2 },
        { country: 'XB', quantity: 48 },
      ],
      30,
      '3.50',
    ],
    ['wholly', [{ country: 'US', quantity: 10 }], 30, '16.15'],
  ])('%s is charged at the tier that it reaches', async (_what, items, period_days, charged) => {
    const { who, body } = await lumi.buyer({ product_id: 'ipv4', items, period_days, partial: 'accept' }, '2000');
    expect(body.order.money.captured_usd).toBe(charged);
    expect((await lumi.balance(who.accountId)).held).toBe(0n);
  });
});

describe('a replacement', () => {
  it('in a country with a higher surcharge costs the difference for the days that are left', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'US', quantity: 3 }] });
    clock.advance(10 * DAY);
    const ids = body.proxies.map(({ id }) => id);
    const wish = { select: { proxy_ids: ids }, with: { country: 'JP' } };
    // 0.40 for 30 days, 20 of which are left, rounded up for each of the three.
    expect((await lumi.send(who, 'post', '/proxies/replace?dry_run=true', wish)).body).toMatchObject({
      price_usd: '0.8001',
      free: 3,
      paid: 0,
    });
    const writer = await lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:write'] });
    expect((await lumi.pay(writer, '/proxies/replace', wish)).body.error.code).toBe('forbidden_scope');
    const replaced = await lumi.pay(who, '/proxies/replace', { ...wish, max_price_usd: '0.8001' });
    expect(replaced.body.order.money.captured_usd).toBe('0.8001');
    // Back to a cheaper country nothing is refunded; in the same country only the fee of a second replacement is due.
    const [first] = replaced.body.replacement.added as string[];
    expect(
      (await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [first] } })).body.order.money.captured_usd,
    ).toBe('0.50');
    clock.advance(-10 * DAY);
  });

  it('in a country whose price drifts is charged that country’s surcharge', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'US', quantity: 3 }] });
    const answer = await lumi.pay(who, '/proxies/replace', {
      select: { proxy_ids: body.proxies.map(({ id }) => id) },
      with: { country: 'XP' },
    });
    expect(answer.body.order.money.captured_usd).toBe('0.03');
  });

  it('is refused when its proxy is renewed before the hold', async () => {
    const { who, body } = await lumi.buyer();
    const [proxy] = body.proxies;
    beforeNextHold(() =>
      lumi.pay(who, `/orders/${body.order.id}/renew`, { period_days: 30, current_expires_at: proxy?.expires_at }),
    );
    const answer = await lumi.pay(who, '/proxies/replace', {
      select: { proxy_ids: [proxy?.id] },
      with: { country: 'JP' },
    });
    expect(answer.body.error).toMatchObject({ code: 'state_conflict', details: [{ path: 'proxies' }] });
    expect((await lumi.balance(who.accountId)).held).toBe(0n);
  });

  it('is refused when its proxy expires between the offer and the hold', async () => {
    const { who, body } = await lumi.buyer();
    clock.advance(30 * DAY - 1_000);
    beforeNextHold(() => Promise.resolve(clock.advance(2_000)));
    expect(
      (await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [body.proxies[0]?.id] } })).body.error.code,
    ).toBe('state_conflict');
    clock.advance(-30 * DAY - 1_000);
  });
});

describe('a renewal', () => {
  it('is refused when one of its proxies was renewed, replaced or has ended before the hold', async () => {
    const { who, body } = await lumi.buyer();
    const [first, second] = body.proxies;
    const renewAll = () =>
      lumi.pay(who, `/orders/${body.order.id}/renew`, { period_days: 30, current_expires_at: first?.expires_at });
    beforeNextHold(() => lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [second?.id] } }));
    expect((await renewAll()).body.error.code).toBe('state_conflict');
    clock.advance(33 * DAY - 1_000);
    beforeNextHold(() => Promise.resolve(clock.advance(2_000)));
    expect((await renewAll()).body.error.code).toBe('state_conflict');
    clock.advance(-33 * DAY - 1_000);
  });

  it('is refused with the new expiry when another renewal is done before the hold', async () => {
    const { who, body } = await lumi.buyer();
    const renewAll = () =>
      lumi.pay(who, `/orders/${body.order.id}/renew`, {
        period_days: 30,
        current_expires_at: body.proxies[0]?.expires_at,
      });
    beforeNextHold(renewAll);
    expect((await renewAll()).body.error.code).toBe('expiry_mismatch');
  });

  it('waits for open orders on its proxies', async () => {
    const { who, body } = await lumi.buyer();
    const [first] = body.proxies;
    await owner(lumi, `UPDATE proxy.proxy SET label = 'sandbox:pending' WHERE id = $1`, [first?.id]);
    const open = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [first?.id] } });
    expect(open.status).toBe(202);
    expect(
      (
        await lumi.pay(who, `/orders/${body.order.id}/renew`, {
          period_days: 30,
          current_expires_at: first?.expires_at,
        })
      ).body.error.code,
    ).toBe('busy');
    await lumi.recover(3);
  });
});

describe('a quote', () => {
  it('of a renewal is invalid for other proxies or another expiry', async () => {
    const { who, body } = await lumi.buyer();
    const [first] = body.proxies;
    const quote = async (operation: string, item: object) =>
      (await lumi.send(who, 'post', '/quotes', { operation, items: [item] })).body.id as string;
    const [all, one] = [
      await quote('renew_order', { order_id: body.order.id, period_days: 30 }),
      await quote('replace', { proxy_ids: [first?.id], country: 'JP' }),
    ];
    const renewed = await lumi.pay(who, '/proxies/renew', {
      items: [{ proxy_id: first?.id, period_days: 30, current_expires_at: first?.expires_at }],
    });
    expect(renewed.body.ok).toBe(1);
    expect(
      (
        await lumi.pay(who, '/proxies/replace', {
          select: { proxy_ids: [first?.id] },
          with: { country: 'JP' },
          quote_id: one,
        })
      ).body.error.code,
    ).toBe('price_changed');
    expect(
      (
        await lumi.pay(who, `/orders/${body.order.id}/renew`, {
          period_days: 30,
          current_expires_at: first?.expires_at,
          quote_id: all,
        })
      ).status,
    ).toBe(409);
  });
});
