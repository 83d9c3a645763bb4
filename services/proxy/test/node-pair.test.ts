// Two nodes and the service: a quota holds over both together, and a right that ends ends its transfers on both.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import request from 'supertest';
import { elapsedMs, systemClock } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { connectedNode, type ConnectedNode } from './connected-node';
import { basic, type RawClient } from './node-fixture';
import { NODE_TOKEN, proxyTest } from './proxy-service';

jest.setTimeout(120_000);

const lumi = proxyTest(systemClock);
const GB = 1_000_000_000;
const MIB = 1_048_576;
const WITHIN_MS = 2_000;
const PACE_MS = 10;
const PART = Buffer.alloc(65_536, 1);

type Pair = readonly [name: string, password: string];

/** Sends as long as the other side takes it; `isPaced`: not faster than a customer with many others beside. */
function pour(socket: Socket, isPaced: boolean): void {
  const more = (): void => {
    if (isPaced) setTimeout(() => socket.destroyed || socket.write(PART, more), PACE_MS);
    else while (!socket.destroyed && socket.write(PART));
  };
  if (!isPaced) socket.on('drain', more);
  socket.resume();
  more();
}

describe('two nodes', () => {
  let server: Server;
  let who: TestAccount;
  let nodes: ConnectedNode[];
  let port: number;
  let atTarget: Socket[];
  let isPaced: boolean;

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
    nodes = [await connectedNode(url, 'node_local', NODE_TOKEN), await connectedNode(url, id, token)];
    port =
      (await nodes[0]?.fixture.target((socket) => {
        atTarget.push(socket);
        pour(socket, isPaced);
      })) ?? 0;
  });
  beforeEach(() => {
    atTarget = [];
    isPaced = true;
  });
  afterEach(async () => expect(await lumi.audit()).toEqual([]));
  afterAll(async () => {
    for (const node of nodes) await node.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const buy = async (): Promise<string> =>
    (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 })).body.plan.id;
  const pairOf = async (path: string): Promise<Pair> => {
    const { username, password } = (await lumi.get(who, `${path}?reveal=1`)).body as Record<string, string>;
    return [username ?? '', password ?? ''];
  };
  /** The worker does it every moment. */
  const push = () => pushAccess(lumi.deps());
  const known = async (subject: string): Promise<void> => {
    await push();
    await until(() => nodes.every(({ control }) => control.rights.get(subject) !== null));
  };
  const download = async (node: ConnectedNode, pair: Pair): Promise<RawClient> => {
    const client = node.fixture.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic(pair)}\r\n`);
    await client.take('established\r\n\r\n');
    client.count = client.bytes.length;
    client.keeps = false;
    client.bytes = Buffer.alloc(0);
    return client;
  };
  const downloads = (pair: Pair): Promise<RawClient[]> =>
    Promise.all([...nodes, ...nodes].map((node) => download(node, pair)));
  const bytesOf = async (id: string): Promise<{ used: number; leased: number }> => {
    const { rows } = await lumi.service.db.pool.query<{ used: string; leased: string }>(
      'SELECT bytes_used AS used, bytes_leased AS leased FROM proxy.traffic_plan WHERE id = $1',
      [id],
    );
    return { used: Number(rows[0]?.used), leased: Number(rows[0]?.leased) };
  };

  it('stop four downloads within 1 MiB of the quota, and never above it', async () => {
    isPaced = false;
    const id = await buy();
    await known(id);
    const clients = await downloads(await pairOf(`/traffic-plans/${id}`));
    await until(() => clients.every(({ isClosed, hasEnded }) => isClosed || hasEnded), { timeoutMs: 60_000 });
    const got = clients.reduce((sum, { count }) => sum + count, 0);
    expect(clients.map(({ count }) => count > 0)).toEqual([true, true, true, true]);
    expect(got).toBeLessThanOrEqual(GB);
    expect(GB - got).toBeLessThanOrEqual(MIB);
    await until(async () => (await bytesOf(id)).used >= got);
    expect((await bytesOf(id)).used).toBe(got);
    for (const { fixture } of nodes) {
      const late = fixture
        .client()
        .send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic(await pairOf(`/traffic-plans/${id}`))}\r\n`);
      expect(await late.take('\r\n\r\n')).toContain('details="quota"');
    }
  });

  it.each([
    [
      'new credentials without grace',
      async (_plan: string, sub: string) => lumi.send(who, 'put', `/subusers/${sub}/credentials`, { grace_s: 0 }),
    ],
    [
      'a suspension by an operator',
      async (plan: string) =>
        request(lumi.app)
          .post(`/admin/traffic-plans/${plan}/suspend`)
          .set(lumi.asMoney(await lumi.operator()))
          .send({ reason: 'abuse' }),
    ],
    ['an expiry', null],
  ] as const)('reset the transfers of a sub-user within 2 s after %s, and others go on', async (_, change) => {
    const plan = await buy();
    const other = await buy();
    const { id: sub } = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body;
    await known(sub);
    await known(other);
    const pairOfOther = await pairOf(`/traffic-plans/${other}`);
    const kept = await Promise.all(nodes.map((node) => download(node, pairOfOther)));
    const keptAtTarget = [...atTarget];
    const clients = await downloads(await pairOf(`/subusers/${sub}`));
    const ending = atTarget.filter((socket) => !keptAtTarget.includes(socket));
    await until(() => clients.every(({ count }) => count > MIB));
    expect(ending.map(({ destroyed }) => destroyed)).toEqual([false, false, false, false]);

    let waitMs = 0;
    if (change === null) {
      const inMs = 1_500;
      const expiresAt = new Date(Date.now() + inMs).toISOString();
      expect((await lumi.send(who, 'patch', `/subusers/${sub}`, { expires_at: expiresAt })).status).toBe(200);
      waitMs = inMs;
    } else expect((await change(plan, sub)).status).toBe(200);
    const beginMs = elapsedMs();
    await push();
    await until(() => ending.every(({ destroyed }) => destroyed), { everyMs: 5 });
    const tookMs = elapsedMs() - beginMs - waitMs;
    expect(tookMs).toBeLessThan(WITHIN_MS);
    await until(() => clients.every(({ isClosed }) => isClosed));
    const before = kept.map(({ count }) => count);
    await until(() => kept.every(({ count }, i) => count > (before[i] ?? 0) + MIB));
    for (const { socket } of kept) socket.destroy();
    await until(() => nodes.every(({ fixture }) => fixture.plane.state.passages === 0));
  });
});
