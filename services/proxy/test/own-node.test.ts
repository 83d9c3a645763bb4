// From an order to a connection: what is sold of nodes' addresses carries, each by its own node.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { systemClock } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { checkHealth } from '../src/jobs/check-health';
import { pushAccess } from '../src/jobs/push-access';
import { connectedNode, type ConnectedNode } from './connected-node';
import { basic, curl, hasCurl } from './node-fixture';
import { NODE_TOKEN, proxyTest } from './proxy-service';

/** Elsewhere there is no second loopback address. */
const run = hasCurl && process.platform === 'linux' ? describe : describe.skip;
const ECHO = 'http://echo.lumi.test/';
const lumi = proxyTest(systemClock, () => ({
  PROXY_NETWORKS: new Map([
    ['ipv4', 'own'],
    ['dc_pool', 'own'],
  ]),
}));

const exit = (address: string, country: string, product = 'ipv4') => ({
  address,
  country,
  region: null,
  city: 'berlin',
  asn: null,
  product,
});

run('two nodes with addresses of their own', () => {
  let server: Server;
  let who: TestAccount;
  let nodes: ConnectedNode[];
  /** By the first one. */
  let brought: ReturnType<typeof exit>[];

  beforeAll(async () => {
    server = createServer(lumi.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    who = await lumi.account({ balance: '1000' });
    const enrolled = await request(lumi.app)
      .post('/admin/nodes')
      .set(lumi.asMoney(await lumi.operator()))
      .send({ name: 'second' });
    const { id, token } = enrolled.body as { id: string; token: string };
    brought = [exit('127.71.1.1', 'DE'), exit('127.71.1.9', 'DE', 'dc_pool'), exit('127.71.1.8', 'FR', 'dc_pool')];
    nodes = [
      await connectedNode(url, 'node_local', NODE_TOKEN, {
        first: 23_100,
        exits: brought,
      }),
      // The last one stands for an address of the internet that is this node's.
      await connectedNode(url, id, token, { first: 23_200, exits: [exit('127.71.2.1', 'FR'), exit('8.8.4.4', 'US')] }),
    ];
  });
  afterAll(async () => {
    expect(await lumi.audit()).toEqual([]);
    for (const node of nodes) await node.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** The worker does it every moment. */
  const known = async (subject: string, node: ConnectedNode | undefined): Promise<void> => {
    await until(async () => {
      await pushAccess(lumi.deps());
      return node?.control.rights.get(subject) !== null;
    });
    await node?.fixture.plane.ready();
  };
  const buy = async (country: string) => {
    const order = { product_id: 'ipv4', items: [{ country, quantity: 1 }], period_days: 30 };
    const { status, body } = await lumi.pay(who, '/orders', order);
    expect(status).toBe(201);
    const [{ id }] = body.proxies as [{ id: string }];
    const proxy = (await lumi.get(who, `/proxies/${id}?reveal=1`)).body as Record<string, string | number>;
    const { username, password, host, port } = proxy;
    return { id, proxy, at: `${String(username)}:${String(password)}@${String(host)}:${String(port)}` };
  };

  it('let in who has bought one, by its node alone, and the target sees the address sold', async () => {
    const [de, fr] = [await buy('DE'), await buy('FR')];
    await known(de.id, nodes[0]);
    await known(fr.id, nodes[1]);
    expect([nodes[1]?.control.rights.get(de.id), nodes[0]?.control.rights.get(fr.id)]).toEqual([null, null]);
    for (const [bought, address] of [
      [de, '127.71.1.1'],
      [fr, '127.71.2.1'],
    ] as const) {
      expect(bought.proxy['exit_ip']).toBe(address);
      for (const way of ['http', 'socks5h']) {
        const { out, code } = await curl(['-x', `${way}://${bought.at}`, ECHO]);
        expect([code, (JSON.parse(out) as { ip: string }).ip]).toEqual([0, address]);
      }
    }
    await until(async () => {
      await checkHealth(lumi.deps());
      const rows = await lumi.deps().db.proxy.findMany({ where: { id: { in: [de.id, fr.id] } } });
      return rows.every(({ health_ok: isHealthy }) => isHealthy === true);
    });
    // No customer of a node reaches the exits of another one.
    const refused = await curl(['-x', `http://${de.at}`, '-o', '/dev/null', '-D', '-', 'http://8.8.4.4/']);
    expect(refused.out).toContain('details="target"');
    expect(nodes.map(({ control }) => control.isPeer('127.71.2.1'))).toEqual([true, true]);
    expect(nodes.map(({ control }) => control.isPeer('127.71.2.2'))).toEqual([false, false]);
  });

  it('bring what their file has later, and connections go on', async () => {
    const port = await nodes[0]?.fixture.target((socket) => void socket.on('data', (bytes) => socket.write(bytes)));
    const fr = await buy('FR').catch(() => null);
    expect(fr).toBeNull(); // the one address is sold
    const own = (await lumi.get(who, '/proxies?country=DE&reveal=1')).body.items[0] as Record<string, string>;
    const pair = basic([own['username'] ?? '', own['password'] ?? '']);
    const client = nodes[0]?.fixture.client(Number(own['port']));
    client?.send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${pair}\r\n`);
    await client?.take('established\r\n\r\n');
    brought.push(exit('127.71.1.2', 'FR'));
    nodes[0]?.control.registerAnew();
    await until(async () => (await lumi.deps().db.ownStock.count({ where: { address: '127.71.1.2' } })) === 1);
    const later = await buy('FR');
    await known(later.id, nodes[0]);
    expect((JSON.parse((await curl(['-x', `http://${later.at}`, ECHO])).out) as { ip: string }).ip).toBe('127.71.1.2');
    client?.send('still there');
    expect(await client?.take('still there')).toBe('still there');
  });

  it('carry traffic plans by exits of their pool, in the country that is asked for', async () => {
    const { plan } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body as {
      plan: { id: string; host: string; port: number };
    };
    expect(plan.port).toBe(nodes[0]?.fixture.plane.ports.http);
    await known(plan.id, nodes[0]);
    const { username, password } = (await lumi.get(who, `/traffic-plans/${plan.id}?reveal=1`)).body as Record<
      string,
      string
    >;
    const seen = async (words: string): Promise<string> => {
      const at = `${String(username)}${words}:${String(password)}@${plan.host}:${String(plan.port)}`;
      return (JSON.parse((await curl(['-x', `http://${at}`, ECHO])).out) as { ip: string }).ip;
    };
    expect([await seen('-country-de'), await seen('-country-fr'), await seen('-country-de-city-berlin')]).toEqual([
      '127.71.1.9',
      '127.71.1.8',
      '127.71.1.9',
    ]);
  });
});
