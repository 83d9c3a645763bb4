// Ports of static proxies at nodes.
import { FixedClock } from '@lumi/shared/runtime';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { nodeClient, REGISTRATION } from './node-client';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { call, register } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const registerWith = (first: number, last: number) =>
  call('post', 'node_local/register', {}, { ...REGISTRATION, ports: { ...REGISTRATION.ports, first, last } });

it('are one for each proxy; what is sold when there are no more gets one later, and moves with the node’s range', async () => {
  await registerWith(21_000, 21_002);
  const { who } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 5 }] });
  const entries = async () => (await lumi.get(who, '/proxies')).body.items;
  const before = await entries();
  const placed = before.filter(({ host }: { host: string }) => host === '127.0.0.1');
  expect(placed.map(({ port }: { port: number }) => port).sort()).toEqual([21_000, 21_001, 21_002]);
  expect(before.filter(({ host }: { host: string }) => host === 'xa.sandbox.invalid')).toHaveLength(2);
  await registerWith(21_000, 21_004);
  await careForNodes(lumi.deps());
  const ports = async () => (await entries()).map(({ port }: { port: number }) => port).sort();
  expect(await ports()).toEqual([21_000, 21_001, 21_002, 21_003, 21_004]);
  await register(); // another range: 20,000 and more
  const moved = await ports();
  expect(moved.every((port: number) => port >= 20_000 && port < 20_100)).toBe(true);
  expect(new Set(moved).size).toBe(5);
});

it('go to several orders at once, each to one', async () => {
  await register();
  const buyers = await Promise.all(
    Array.from({ length: 6 }, () => lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 3 }] })),
  );
  const ports = await Promise.all(
    buyers.map(async ({ who }) =>
      (await lumi.get(who, '/proxies')).body.items.map((one: { port: number; host: string }) => one.port),
    ),
  );
  expect(new Set(ports.flat()).size).toBe(18);
  expect(ports.flat().every((port) => port >= 20_000 && port < 20_100)).toBe(true);
});
