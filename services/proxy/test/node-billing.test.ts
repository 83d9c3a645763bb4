// What is billed is what the target's connections carried: a node's data plane and control side with the service behind
// them, transfers of random sizes by the three ways, answers lost, requests lost, and the service away for a while.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { connectedNode, type ConnectedNode } from './connected-node';
import { basic, socksConnect, socksHello, type NodeFixture } from './node-fixture';
import { NODE_TOKEN, proxyTest } from './proxy-service';

jest.setTimeout(120_000);

const TRANSFERS = 400;
const AT_ONCE = 8;
const SIZE_MAX = 400_000;
const WAYS = ['http', 'connect', 'socks'] as const;
type Way = (typeof WAYS)[number];
type Pair = readonly [string, string];

interface Plan {
  readonly id: string;
  readonly pair: Pair;
}

const lumi = proxyTest(systemClock);

/** Answers `GET /<bytes>` and counts what its connections carried, by the first word of the request's field `For`. */
class CountingTarget {
  readonly carried = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  accept(socket: Socket): void {
    this.sockets.add(socket);
    let head = '';
    let who = '';
    socket.on('data', (bytes) => {
      head += bytes.toString();
      if (!head.includes('\r\n\r\n') || who !== '') return;
      who = /^for: (\w+)/im.exec(head)?.[1] ?? 'nobody';
      const size = Number(/^GET \/(\d+)/.exec(head)?.[1]);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(size)}\r\nConnection: close\r\n\r\n`);
      socket.end(Buffer.alloc(size, 'x'));
    });
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.carried.set(who, (this.carried.get(who) ?? 0) + socket.bytesRead + socket.bytesWritten);
    });
  }

  get open(): number {
    return this.sockets.size;
  }
}

describe('what is billed', () => {
  const target = new CountingTarget();
  let server: Server;
  let connected: ConnectedNode;
  let node: NodeFixture;
  let port: number;
  let who: TestAccount;
  let plans: readonly Plan[];
  let asked = 0;
  let isAway = false;

  beforeAll(async () => {
    // Every fourth exchange is lost on its way, and the answer of every fifth.
    server = createServer((req, res) => {
      const isExchange = req.url?.endsWith('/exchange') === true;
      if (isExchange) asked += 1;
      if (isAway || (isExchange && asked % 4 === 0)) return void req.socket.destroy();
      if (isExchange && asked % 5 === 0)
        res.end = (() => {
          req.socket.destroy();
          return res;
        }) as typeof res.end;
      lumi.app(req, res);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    who = await lumi.account({ balance: '1000' });
    const buy = async (): Promise<Plan> => {
      const { body } = await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 });
      const { id } = (body as { plan: { id: string } }).plan;
      const shown = (await lumi.get(who, `/traffic-plans/${id}?reveal=1`)).body as {
        username: string;
        password: string;
      };
      return { id, pair: [shown.username, shown.password] };
    };
    plans = [await buy(), await buy()];
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    connected = await connectedNode(url, 'node_local', NODE_TOKEN);
    node = connected.fixture;
    port = await node.target((socket) => target.accept(socket));
    await pushAccess(lumi.deps());
    await until(() => plans.every(({ id }) => connected.control.rights.get(id) !== null));
  });
  afterAll(async () => {
    await connected.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const billed = async ({ id }: Plan): Promise<number> =>
    Math.round(((await lumi.get(who, `/traffic-plans/${id}`)).body as { gb_used: number }).gb_used * 1e9);

  /** Returns how many bytes the client got of the target's. `most`: it breaks off after so many. */
  const transfer = async (way: Way, pair: Pair, name: string, size: number, most = Infinity): Promise<number> => {
    const host = `127.0.0.1:${String(port)}`;
    const request = (path: string, more = ''): string =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nFor: ${name}\r\n${more}\r\n`;
    const client = node.client(way === 'socks' ? node.plane.ports.socks : node.plane.ports.http);
    if (way === 'http') client.send(request(`http://${host}/${String(size)}`, basic(pair)));
    if (way === 'connect') {
      client.send(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${basic(pair)}\r\n`);
      await client.take('\r\n\r\n');
    }
    if (way === 'socks') {
      client.send(socksHello(pair));
      await client.take(4);
      client.send(socksConnect('127.0.0.1', port));
      await client.take(10);
    }
    if (way !== 'http') client.send(request(`/${String(size)}`));
    const before = client.count - client.bytes.length;
    await until(() => client.count - before >= Math.min(size, most) || client.isClosed, { everyMs: 2 });
    if (most < Infinity) client.socket.resetAndDestroy();
    else client.socket.end();
    await client.closed();
    const all = client.count - before;
    if (most === Infinity && all < size)
      throw new Error(
        `${way}: ${String(all)} of ${String(size)} bytes, ${client.error ?? ''} ${client.text.slice(0, 200)}`,
      );
    return all;
  };

  it('is what complete transfers carried, to the byte, and of broken ones between what either end saw', async () => {
    const [whole, broken] = plans;
    if (whole === undefined || broken === undefined) throw new Error('there are two plans');
    const tasks = Array.from({ length: TRANSFERS }, (_, i) => ({
      way: WAYS[i % WAYS.length] ?? 'http',
      size: 1 + Math.floor(Math.random() * SIZE_MAX),
      isBroken: i % 6 === 0,
    }));
    let got = 0;
    let begun = 0;
    const work = async (): Promise<void> => {
      for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
        begun += 1;
        const { way, size, isBroken } = task;
        if (isBroken) got += await transfer(way, broken.pair, 'broken', size, Math.floor(size / 2));
        else expect(await transfer(way, whole.pair, 'whole', size)).toBeGreaterThanOrEqual(size);
      }
    };
    // Not before the node has got what its present rate needs for a while: without that, connections stand dry.
    const isProvided = async (): Promise<boolean> => {
      const { rows } = await lumi.service.db.pool.query<{ isProvided: boolean }>(
        `SELECT bool_and(bytes_leased > 8000000) AND max(bytes_leased) > 6e7 AS "isProvided"
         FROM proxy.traffic_plan`,
      );
      return rows[0]?.isProvided === true && begun > TRANSFERS / 4;
    };
    let outages = 0;
    const outage = async (): Promise<void> => {
      await until(isProvided, { timeoutMs: 60_000, everyMs: 50 });
      isAway = true;
      if (begun < TRANSFERS) outages += 1;
      await until(() => begun > (TRANSFERS * 3) / 4, { timeoutMs: 60_000 });
      isAway = false;
    };
    await Promise.all([...Array.from({ length: AT_ONCE }, work), outage()]);
    await until(() => target.open === 0);

    expect(outages).toBe(1);
    const carried = (name: string): number => target.carried.get(name) ?? 0;
    await until(async () => (await billed(whole)) >= carried('whole'), { timeoutMs: 20_000 });
    await until(async () => (await billed(broken)) >= got, { timeoutMs: 20_000 });
    expect(await billed(whole)).toBe(carried('whole'));
    expect(await billed(broken)).toBeLessThanOrEqual(carried('broken'));
    expect(await lumi.audit()).toEqual([]);
  });
});
