// A proxy that leads nowhere is not sold: an order gets no more proxies than its node has free ports.
import { formatUsd } from '@lumi/shared/money';
import { FixedClock } from '@lumi/shared/runtime';
import { nodeClient, REGISTRATION } from './node-client';
import { NOW, ORDER, proxyTest } from './proxy-service';

describe('a node with three ports', () => {
  const lumi = proxyTest(new FixedClock(NOW));
  const { call } = nodeClient(lumi);
  const ports = { ...REGISTRATION.ports, first: 20_000, last: 20_002 };
  const orderOf = (quantity: number, partial = 'reject'): object => ({
    ...ORDER,
    items: [{ country: 'XA', quantity }],
    partial,
  });

  it('has entries for three proxies; more are out of stock, or a partial delivery, and charged never', async () => {
    expect((await call('post', 'node_local/register', {}, { ...REGISTRATION, ports })).status).toBe(200);
    const who = await lumi.account({ balance: '50' });
    const tooMany = await lumi.pay(who, '/orders', orderOf(4));
    expect([tooMany.status, tooMany.body.error.code]).toEqual([409, 'out_of_stock']);
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('50.00');

    const { delivery, proxies, order } = (await lumi.pay(who, '/orders', orderOf(4, 'accept'))).body;
    expect(delivery).toMatchObject({ state: 'partial', requested: 4, delivered: 3 });
    expect(order.money).toMatchObject({ held_usd: '0.00', captured_usd: '5.10' });
    expect(proxies.map(({ port }: { port: number }) => port).sort()).toEqual([20_000, 20_001, 20_002]);

    // The port of a proxy that is replaced rests for an hour.
    const ids = [proxies[0].id as string];
    const replaced = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: ids } });
    expect([replaced.status, replaced.body.error.code]).toEqual([409, 'out_of_stock']);
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('44.90');
    expect(await lumi.audit()).toEqual([]);
  });
});
