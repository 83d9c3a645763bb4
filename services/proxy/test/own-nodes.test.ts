// Nodes and their addresses: whose they are, and which nodes know of them.
import request from 'supertest';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { pushAccess } from '../src/jobs/push-access';
import { REGISTRATION } from './node-client';
import { exitAt, orderOf, ownTest, subnetOf } from './own-service';

const { lumi, clock, call, access, bring, places } = ownTest();

describe('a node', () => {
  const enrolled = async (name: string): Promise<{ id: string; token: string }> =>
    (
      await request(lumi.app)
        .post('/admin/nodes')
        .set(lumi.asMoney(await lumi.operator()))
        .send({ name })
    ).body;
  const administer = async (id: string, act: string) =>
    expect(
      (
        await request(lumi.app)
          .post(`/admin/nodes/${id}/${act}`)
          .set(lumi.asMoney(await lumi.operator()))
          .send({})
      ).status,
    ).toBe(200);
  const OTHER_PORTS = { first: 26_000, last: 26_099, http: 18_080, socks: 18_081 };
  const bringAt = ({ id, token }: { id: string; token: string }, exits: readonly object[]) =>
    call(
      'post',
      `${id}/register`,
      { token },
      { ...REGISTRATION, ports: OTHER_PORTS, entry_host: 'fra-2.example', exits },
    );

  it('that drains, is silent or retired sells nothing', async () => {
    const node = await enrolled('ends');
    await bringAt(node, subnetOf(5, 3));
    const left = async () => (await places('ipv4', 'country')) as { stock: number }[];
    expect(await left()).toMatchObject([{ stock: 3 }]);
    clock.advance(16_000);
    expect(await left()).toMatchObject([{ stock: 0 }]);
    await bringAt(node, subnetOf(5, 3));
    const operator = await lumi.operator();
    const { items } = (await lumi.get(operator, '/admin/nodes?limit=100')).body;
    expect(items.find((one: { id: string }) => one.id === node.id)).toMatchObject({
      entry_host: 'fra-2.example',
      stock: { free: 3, held: 0, sold: 0, resting: 0, withdrawn: 0 },
    });
    await administer(node.id, 'drain');
    expect(await left()).toMatchObject([{ stock: 0 }]);
    await administer(node.id, 'retire');
    expect(await left()).toEqual([]);
  });

  it('has the entries of its own addresses, and other nodes do not get them', async () => {
    const node = await enrolled('second');
    await bring(subnetOf(6, 1));
    await bringAt(node, [exitAt('127.70.7.1', { country: 'FR' })]);
    const { who, body } = await lumi.buyer(
      orderOf(2, { items: ['DE', 'FR'].map((country) => ({ country, quantity: 1 })) }),
    );
    await pushAccess(lumi.deps());
    const found = await Promise.all(body.proxies.map(async ({ id }) => (await lumi.get(who, `/proxies/${id}`)).body));
    expect(found.map(({ exit_ip: ip, host, port }) => [ip, host, port >= 26_000])).toEqual([
      ['127.70.6.1', '127.0.0.1', false],
      ['127.70.7.1', 'fra-2.example', true],
    ]);
    const rightsAt = async (at: { id: string; token: string } | null) =>
      (at === null ? await access(0) : (await call('get', `${at.id}/access?after=0`, at)).body).rights
        .filter((one: { logins?: unknown }) => one.logins !== undefined)
        .map((one: { subject: string }) => one.subject)
        .filter((id: string) => body.proxies.some((one) => one.id === id));
    expect([await rightsAt(null), await rightsAt(node)]).toEqual([[body.proxies[0]?.id], [body.proxies[1]?.id]]);
    // The address goes to the other machine.
    await administer(node.id, 'retire');
    await bring([...subnetOf(6, 1), exitAt('127.70.7.1', { country: 'FR' })]);
    const moved = (await lumi.get(who, `/proxies/${body.proxies[1]?.id ?? ''}`)).body;
    expect([moved.exit_ip, moved.host, moved.port < 20_100]).toEqual(['127.70.7.1', '127.0.0.1', true]);
    await careForNodes(lumi.deps());
    expect((await rightsAt(null)).sort()).toEqual(body.proxies.map(({ id }) => id).sort());
  });

  it('keeps its address when another one brings it, too', async () => {
    const node = await enrolled('third');
    await bring(subnetOf(8, 1));
    await bringAt(node, subnetOf(8, 1));
    expect(await lumi.deps().db.ownStock.findUnique({ where: { address: '127.70.8.1' } })).toMatchObject({
      node_id: 'node_local',
    });
    await administer(node.id, 'retire');
  });

  it('sells nothing of products that do not exist', async () => {
    await bring([exitAt('127.70.10.1', { product: 'ipv5' }), exitAt('127.70.10.2')]);
    expect(await places('ipv4', 'country')).toMatchObject([{ stock: 1 }]);
    expect(await lumi.deps().db.ownStock.findUnique({ where: { address: '127.70.10.1' } })).toBeNull();
  });

  it('gets the exits of all nodes, and again when they change', async () => {
    await bring(subnetOf(9, 1));
    const first = (await call('get', 'node_local/access?after=0')).body;
    expect(first.exits).toEqual(['127.70.9.1']);
    const same = (await call('get', `node_local/access?after=${String(first.number)}`)).body;
    expect([same.exits, same.pools]).toEqual([null, null]);
    const node = await enrolled('fourth');
    await bringAt(node, [exitAt('2001:db8:20::/64', { product: 'ipv6' })]);
    const next = (await call('get', `node_local/access?after=${String(first.number)}`)).body;
    expect(next.exits).toEqual(['127.70.9.1', '2001:db8:20::/64']);
    await administer(node.id, 'retire');
  });
});
