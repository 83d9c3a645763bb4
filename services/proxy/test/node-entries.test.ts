// Ports of static proxies at nodes.
import request from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { placeEntries } from '../src/store/entries';
import { nodeClient, REGISTRATION } from './node-client';
import { NOW, ORDER, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { call, register, exchange } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const registerWith = (first: number, last: number) =>
  call('post', 'node_local/register', {}, { ...REGISTRATION, ports: { ...REGISTRATION.ports, first, last } });

it('are one for each proxy; what was sold without a node gets one when there is one, and moves with the node’s range', async () => {
  const { who } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 5 }] });
  await registerWith(21_000, 21_002);
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

const portsInUse = async (): Promise<number[]> =>
  (
    await lumi.service.db.pool.query<{ port: number }>(
      'SELECT port FROM proxy.entry_port WHERE network_id IS NOT NULL ORDER BY port',
    )
  ).rows.map(({ port }) => port);
const entriesOf = async (who: Parameters<typeof lumi.get>[0]): Promise<[string, number][]> =>
  (await lumi.get(who, '/proxies')).body.items.map(({ host, port }: { host: string; port: number }) => [host, port]);

it('rest for an hour when their proxies have moved', async () => {
  await registerWith(22_000, 22_199);
  await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 3 }] });
  const before = await portsInUse();
  expect(before.every((port) => port >= 22_000)).toBe(true);
  await register();
  await registerWith(22_000, 22_199);
  const again = await portsInUse();
  expect([again.length, again.filter((port) => before.includes(port))]).toEqual([before.length, []]);
});

it('stay with their proxies when there is no other free', async () => {
  await registerWith(23_000, 23_199);
  const { who } = await lumi.buyer();
  const before = await entriesOf(who);
  await registerWith(24_000, 24_000);
  await registerWith(23_000, 23_199);
  expect(await entriesOf(who)).toEqual(before);
});

it('stay when only the host changes', async () => {
  await register();
  const { who } = await lumi.buyer();
  const before = await entriesOf(who);
  await placeEntries(lumi.deps().service.db.platform, 'proxies.example', clock.now());
  expect(await entriesOf(who)).toEqual(before.map(([, port]) => ['proxies.example', port]));
  await careForNodes(lumi.deps());
  expect(await entriesOf(who)).toEqual(before);
});

it('are those of a node that serves, though one that drains or is silent registered later', async () => {
  await register();
  const operator = await lumi.operator();
  const administer = (path: string, body: object) =>
    request(lumi.app).post(path).set(lumi.asMoney(operator)).send(body);
  const { id, token } = (await administer('/admin/nodes', { name: 'later' })).body as { id: string; token: string };
  const entries = async () => {
    const { who } = await lumi.buyer();
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body.plan as { port: number };
    const isLater = (await entriesOf(who)).every(([, port]) => port >= 25_000);
    return [isLater, plan.port];
  };
  clock.advance(1_000);
  const ports = { first: 25_000, last: 25_099, http: 18_080, socks: 18_081 };
  await call('post', `${id}/register`, { token }, { ...REGISTRATION, ports });
  expect(await entries()).toEqual([true, 18_080]);
  clock.advance(20_000);
  const { epoch } = await register();
  clock.advance(20_000);
  await call('post', `${id}/register`, { token }, { ...REGISTRATION, ports });
  await administer(`/admin/nodes/${id}/drain`, {});
  expect((await exchange(epoch, 1)).status).toBe(200);
  expect(await entries()).toEqual([false, REGISTRATION.ports.http]);
  await call('post', `${id}/register`, { token }, { ...REGISTRATION, ports });
  clock.advance(20_000);
  await exchange(epoch, 2);
  expect(await entries()).toEqual([false, REGISTRATION.ports.http]);
  await administer(`/admin/nodes/${id}/retire`, {});
  clock.advance(-61_000);
  await register();
});

it('come into the feed in bounded steps', async () => {
  await register();
  const { who } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 5 }] });
  const untold = async () =>
    (
      await lumi.service.db.pool.query<{ count: number }>(
        `SELECT count(*)::int FROM proxy.proxy p LEFT JOIN proxy.access_change c ON c.subject = p.id
          WHERE p.account_id = $1 AND c.subject IS NULL`,
        [who.accountId],
      )
    ).rows[0]?.count;
  await careForNodes(lumi.deps());
  await owner(
    lumi,
    'DELETE FROM proxy.access_change WHERE subject IN (SELECT id FROM proxy.proxy WHERE account_id = $1)',
    [who.accountId],
  );
  const step = () =>
    lumi.service.db.pool.query("SELECT proxy.place_entries('127.0.0.1', 2, $1) AS count", [clock.now()]);
  expect([(await step()).rows, await untold()]).toEqual([[{ count: 2 }], 3]);
  await careForNodes(lumi.deps());
  expect([(await step()).rows, await untold()]).toEqual([[{ count: 0 }], 0]);
});
