// The proxy service whose product `isp` comes from a double of a supplier, with a node that carries its traffic.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUpstreamDouble, type UpstreamDouble } from '@lumi/upstream-proxy-double';
import { FixedClock } from '@lumi/shared/runtime';
import { until, type TestKey } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { claimPorts } from '../src/node/port-claim';
import { connectedNode, type ConnectedNode } from './connected-node';
import { freePort } from './free-port';
import { basic } from './node-fixture';
import { NODE_TOKEN, NOW, proxyTest, type ProxyTest } from './proxy-service';

const TOKEN = 'token-of-the-double';
/** A fault of the double that never answers costs this. */
const TIMEOUT_MS = 400;

export const UPSTREAM_ORDER = { product_id: 'isp', items: [{ country: 'US', quantity: 2 }], period_days: 30 };

export interface UpstreamTest {
  readonly lumi: ProxyTest;
  readonly clock: FixedClock;
  readonly double: () => UpstreamDouble;
  readonly node: () => ConnectedNode;
  /** Carries bytes through the proxy as its buyer does. */
  carry(who: TestKey, proxyId: string, bytes: number): Promise<Carried>;
}

export interface Carried {
  /** The address that the target saw. */
  readonly from: string;
  /** What the target's connection carried, both ways. */
  readonly bytes: number;
}

export function upstreamTest(countries: Readonly<Record<string, number>>): UpstreamTest {
  const port = freePort();
  const clock = new FixedClock(NOW);
  const folder = mkdtempSync(join(tmpdir(), 'lumi-upstream-'));
  let double: UpstreamDouble | null = null;
  let node: ConnectedNode | null = null;
  let target = 0;
  const carried: Carried[] = [];
  beforeAll(async () => {
    double = await createUpstreamDouble({ token: TOKEN, countries, port });
  });
  const lumi = proxyTest(clock, () => ({
    PROXY_NETWORKS: new Map([['isp', 'upstream']]),
    PROXY_UPSTREAM_URL: `http://127.0.0.1:${String(port)}`,
    PROXY_UPSTREAM_TOKEN: TOKEN,
    PROXY_UPSTREAM_TIMEOUT_MS: TIMEOUT_MS,
  }));
  const server = createServer((req, res) => lumi.app(req, res));
  const nodeOf = (): ConnectedNode => {
    if (node === null) throw new Error('the node is not there yet');
    return node;
  };
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const { range } = await claimPorts({ host: '127.0.0.1', range: null, http: null, socks: null, folder });
    const mayPassTo = (address: string): boolean => address.startsWith('127.80.');
    node = await connectedNode(url, 'node_local', NODE_TOKEN, { range, mayPassTo });
    target = await node.fixture.target((socket) => {
      const from = socket.remoteAddress ?? '';
      socket.on('data', (bytes) => socket.end(Buffer.alloc(Number(bytes.toString()), 'x')));
      socket.on('close', () => carried.push({ from, bytes: socket.bytesRead + socket.bytesWritten }));
    });
  });
  afterEach(async () => {
    expect(double?.faults.left).toBe(0);
    expect(await lumi.audit()).toEqual([]);
  });
  afterAll(async () => {
    await node?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await double?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    lumi,
    clock,
    double: () => {
      if (double === null) throw new Error('the double is not there yet');
      return double;
    },
    node: nodeOf,
    carry: async (who, proxyId, bytes) => {
      const { control, fixture } = nodeOf();
      const proxy = (await lumi.get(who, `/proxies/${proxyId}?reveal=1`)).body as Revealed;
      await until(async () => {
        await pushAccess(lumi.deps());
        const { exits } = control.rights.get(proxyId) ?? {};
        return exits?.kind === 'fixed' && exits.address === proxy.exit_ip;
      });
      await fixture.plane.ready();
      const before = carried.length;
      const pair = basic([proxy.username, proxy.password]);
      const client = fixture.client(proxy.port).send(`CONNECT 127.0.0.1:${String(target)} HTTP/1.1\r\n${pair}\r\n`);
      await client.take('established\r\n\r\n');
      client.send(String(bytes));
      await until(() => client.isClosed && carried.length > before);
      expect(client.bytes).toHaveLength(bytes);
      return carried.at(-1) ?? { from: '', bytes: 0 };
    },
  };
}

interface Revealed {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly exit_ip: string;
}
