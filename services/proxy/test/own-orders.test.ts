// Addresses that nodes bring are stock: sold once each, and by the books of the network `own`.
import { pushAccess } from '../src/jobs/push-access';
import { OwnNetwork } from '../src/supplier/own/own-network';
import { exitAt, orderOf, ownTest, subnetOf } from './own-service';
import { REGISTRATION } from './node-client';
import { owner } from './proxy-service';

const { lumi, clock, access, bring, stock, endAll, places } = ownTest();

it('are shown by place with their stock, and sold with an entry at their node', async () => {
  await bring([
    ...subnetOf(1, 2),
    exitAt('127.70.2.1', { city: 'Berlin', asn: null }),
    exitAt('127.70.3.1', { country: 'FR' }),
  ]);
  expect(await places('ipv4', 'country')).toMatchObject([
    { code: 'DE', name: 'Germany', stock: 3, availability: 'low' },
    { code: 'FR', stock: 1 },
  ]);
  expect(await places('ipv4', 'city')).toMatchObject([
    { code: 'berlin', country: 'DE', stock: 1 },
    { code: 'frankfurt-am-main', country: 'DE', name: 'Frankfurt am Main', stock: 2 },
    { country: 'FR' },
  ]);
  expect(await places('ipv4', 'asn')).toMatchObject([
    { code: 'as64500', country: 'DE', stock: 2 },
    { code: 'as64500', country: 'FR', stock: 1 },
  ]);
  const { who, body } = await lumi.buyer(orderOf(1, { items: [{ country: 'DE', region: 'berlin', quantity: 1 }] }));
  const proxy = (await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body;
  expect(proxy).toMatchObject({ exit_ip: '127.70.2.1', subnet: '127.70.2.0/24', city: 'Berlin', country: 'DE' });
  expect([proxy.host, proxy.port >= 20_000 && proxy.port < 20_100]).toEqual(['127.0.0.1', true]);
  expect(await stock()).toMatchObject({ '127.70.2.1': 'held' });
  await pushAccess(lumi.deps());
  expect(await stock()).toMatchObject({ '127.70.1.1': 'free', '127.70.2.1': 'sold' });
  expect((await access(0)).rights).toContainEqual(
    expect.objectContaining({
      subject: proxy.id,
      port: proxy.port,
      exits: { kind: 'fixed', address: '127.70.2.1', country: 'DE' },
    }),
  );
});

it('are each sold once to 50 orders at once, and what is not there is not charged', async () => {
  await bring(subnetOf(1, 10));
  const buyers = await Promise.all(Array.from({ length: 50 }, () => lumi.account({ balance: '10' })));
  const answers = await Promise.all(buyers.map((who) => lumi.pay(who, '/orders', orderOf(1))));
  await lumi.recover();
  const sold = answers.filter(({ status }) => status === 201);
  const others = answers.filter(({ status }) => status !== 201);
  expect(new Set(others.map(({ body }) => body.error.code))).toEqual(new Set(['out_of_stock']));
  const addresses = sold.map(({ body }) => body.proxies[0].exit_ip as string);
  expect([addresses.length, new Set(addresses).size]).toEqual([10, 10]);
  const balances = await Promise.all(buyers.map(async (who) => (await lumi.get(who, '/balance')).body));
  expect(balances.filter(({ available_usd: usd }) => usd === '10.00')).toHaveLength(40);
  expect(balances.filter(({ held_usd: usd }) => usd !== '0.00')).toEqual([]);
});

it('are delivered in part only to those who agree, and nothing of a refused order is kept', async () => {
  await bring(subnetOf(21, 3));
  const who = await lumi.account({ balance: '100' });
  // Sold between price and delivery.
  const network = lumi.deps().networks.get('own');
  const signal = AbortSignal.timeout(5_000);
  const wanted = { productId: 'ipv4', periodDays: 30, subnetDiversity: false, note: null };
  const items = [{ country: 'DE', place: null, quantity: 4 }];
  expect(await network.allocate('ord_whole', { ...wanted, items, allowPartial: false }, signal)).toMatchObject({
    kind: 'refused',
    code: 'out_of_stock',
  });
  expect(await stock()).toMatchObject({ '127.70.21.1': 'free', '127.70.21.2': 'free', '127.70.21.3': 'free' });
  expect(await network.lookUp('ord_whole', signal)).toMatchObject({ kind: 'refused' });
  expect(await network.lookUp('ord_unknown', signal)).toEqual({ kind: 'absent' });
  const part = await lumi.pay(who, '/orders', orderOf(5, { partial: 'accept' }));
  expect(part.body.delivery).toMatchObject({ state: 'partial', delivered: 3 });
});

it('are of different subnets where that is asked for', async () => {
  await bring([...subnetOf(1, 3), ...subnetOf(2, 3)]);
  const { body } = await lumi.buyer(orderOf(2, { subnet_diversity: true }));
  expect(new Set(body.proxies.map(({ exit_ip: ip }) => ip.split('.')[2]))).toEqual(new Set(['1', '2']));
  const who = await lumi.account({ balance: '100' });
  const refused = await lumi.pay(who, '/orders', orderOf(3, { subnet_diversity: true }));
  expect(refused.body.error).toMatchObject({ code: 'out_of_stock' });
});

it('rest when they are given up, and are sold again after that', async () => {
  await bring(subnetOf(1, 1));
  await lumi.buyer(orderOf(1));
  await pushAccess(lumi.deps());
  await endAll();
  expect(await stock()).toMatchObject({ '127.70.1.1': 'resting' });
  const who = await lumi.account({ balance: '100' });
  expect((await lumi.pay(who, '/orders', orderOf(1))).body.error).toMatchObject({ code: 'out_of_stock' });
  await bring([]);
  await bring(subnetOf(1, 1)); // a file without it does not make it new
  clock.advance(86_399_000);
  await bring(subnetOf(1, 1));
  expect((await lumi.pay(who, '/orders', orderOf(1))).body.error).toMatchObject({ code: 'out_of_stock' });
  clock.advance(1_000);
  expect((await lumi.pay(who, '/orders', orderOf(1))).status).toBe(201);
});

describe('the books', () => {
  it.each([
    ['before the network has it', 'before'],
    ['between hold and delivery', 'after'],
  ])('are as they should be when the process dies %s', async (_, when) => {
    const number = when === 'before' ? 61 : 62;
    await bring(subnetOf(number, 2));
    const who = await lumi.account({ balance: '100' });
    const allocate = Reflect.get(OwnNetwork.prototype, 'allocate');
    const died = jest.spyOn(OwnNetwork.prototype, 'allocate').mockImplementationOnce(async function (
      this: OwnNetwork,
      ...sent
    ) {
      if (when === 'after') await allocate.apply(this, sent);
      throw new Error('the process has died');
    });
    const begun = await lumi.pay(who, '/orders', orderOf(1));
    died.mockRestore();
    expect(begun.status).toBe(202);
    expect(Object.values(await stock()).filter((state) => state === 'held')).toHaveLength(when === 'after' ? 1 : 0);
    expect((await lumi.get(who, '/balance')).body).not.toMatchObject({ held_usd: '0.00' });
    await lumi.recover(2);
    expect((await lumi.get(who, '/balance')).body).toMatchObject({ held_usd: '0.00', available_usd: '98.30' });
    expect((await lumi.get(who, '/proxies')).body.items).toMatchObject([{ exit_ip: `127.70.${String(number)}.1` }]);
    expect(Object.values(await stock()).filter((state) => state === 'held')).toHaveLength(1);
  });

  it('are found wrong when an address has two live proxies, or what is sold was never registered', async () => {
    await bring(subnetOf(1, 2));
    const { body } = await lumi.buyer(orderOf(2));
    const [one, other] = body.proxies;
    await owner(lumi, `UPDATE proxy.proxy SET exit_ip = $2 WHERE id = $1`, [one?.id, other?.exit_ip]);
    const rules = (await lumi.audit()).map(({ rule }) => rule);
    expect(rules).toContainEqual(expect.stringMatching(/^every address of a node is held by at most one live proxy, /));
    await owner(lumi, `UPDATE proxy.proxy SET exit_ip = $2 WHERE id = $1`, [one?.id, one?.exit_ip]);
  });
});

describe('a traffic plan', () => {
  it('leaves by the node’s exits of its pool; without any it is not sold', async () => {
    const who = await lumi.account({ balance: '100' });
    const refused = await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 });
    expect(refused.body.error).toMatchObject({ code: 'out_of_stock' });
    expect((await lumi.get(who, '/balance')).body).toMatchObject({ available_usd: '100.00', held_usd: '0.00' });
    await bring([
      exitAt('127.70.1.1', { product: 'dc_pool' }),
      exitAt('127.70.1.2', { product: 'dc_pool', country: 'FR' }),
    ]);
    expect(await places('dc_pool', 'country')).toMatchObject([
      { code: 'DE', stock: null },
      { code: 'FR', stock: null },
    ]);
    const { plan } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body;
    expect(plan).toMatchObject({ host: '127.0.0.1', port: REGISTRATION.ports.http });
    await pushAccess(lumi.deps());
    const { rights, pools } = await access(0);
    expect(rights).toContainEqual(
      expect.objectContaining({ subject: plan.id, exits: { kind: 'pool', pool: 'own/dc_pool' } }),
    );
    expect(pools?.['own/dc_pool']).toMatchObject([
      { address: '127.70.1.1', country: 'DE', city: 'Frankfurt am Main' },
      { address: '127.70.1.2', country: 'FR' },
    ]);
    const topped = await lumi.pay(who, `/traffic-plans/${plan.id}/topup`, { gb: 1 });
    expect(topped.status).toBe(200);
    expect((await lumi.send(who, 'post', `/traffic-plans/${plan.id}/sync`, {})).body).not.toMatchObject({
      missing_since: expect.any(String),
    });
  });
});
