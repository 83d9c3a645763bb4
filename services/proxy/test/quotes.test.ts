// Quotes: every operation is quoted at the price of its purchase, and a quoted price holds.
import { FixedClock } from '@lumi/shared/runtime';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('POST /quotes', () => {
  it('prices each operation as its purchase does', async () => {
    const { who, body } = await lumi.buyer();
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 })).body.plan.id;
    const proxy = body.proxies[0]?.id;
    const price = async (operation: string, item: object): Promise<string> =>
      (await lumi.send(who, 'post', '/quotes', { operation, items: [item] })).body.total_usd;
    expect(await price('order', { ...ORDER, items: [{ country: 'XA', quantity: 10 }] })).toBe('16.15');
    expect(await price('renew', { proxy_id: proxy, period_days: 7 })).toBe('0.595');
    expect(await price('renew_order', { order_id: body.order.id, period_days: 7 })).toBe('1.19');
    expect(await price('traffic', { pool: 'dc_pool', gb: 50 })).toBe('23.10');
    expect(await price('topup', { traffic_plan_id: plan, gb: 10 })).toBe('29.44');
    expect(await price('replace', { proxy_ids: [proxy] })).toBe('0.00');
    const problems = await lumi.send(who, 'post', '/quotes', {
      operation: 'renew',
      items: [
        { proxy_id: proxy, period_days: 8 },
        { proxy_id: `prx_${'0'.repeat(24)}`, period_days: 7 },
      ],
    });
    expect(problems.body.problems.map((problem: { code: string }) => problem.code)).toEqual([
      'validation_error',
      'not_found',
    ]);
  });

  it('keeps a price that changes meanwhile, and charges what was delivered at the quoted prices', async () => {
    const who = await lumi.account({ balance: '100' });
    const order = {
      ...ORDER,
      items: [
        { country: 'XP', quantity: 2 },
        { country: 'XD', quantity: 2 },
      ],
      partial: 'accept',
    };
    const quote = (await lumi.send(who, 'post', '/quotes', { operation: 'order', items: [order] })).body;
    expect(quote.total_usd).toBe('6.82');
    clock.advance(5 * 60_000);
    expect((await lumi.pay(who, '/orders', { ...order, expected_price_usd: quote.total_usd })).body.error.code).toBe(
      'price_changed',
    );
    const bought = await lumi.pay(who, '/orders', { ...order, quote_id: quote.id });
    expect(bought.body.order).toMatchObject({ price_usd: '6.82', money: { captured_usd: '5.12' } });
    expect((await lumi.pay(who, '/orders', { ...order, quote_id: quote.id })).body.error.code).toBe('price_changed');
    clock.advance(-5 * 60_000);
  });
});
