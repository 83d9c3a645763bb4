// A Redis Cluster of three nodes on loopback, made of the machine's own redis-server, for one test file. A node refuses
// a key that belongs to another node, and every node refuses a script whose keys are on two nodes. One server in
// cluster mode would accept all of them.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { afterFile } from './after-file';
import { until } from './until';

const SLOTS = 16_384;
const NODES = 3;

interface Node {
  readonly port: number;
  readonly busPort: number;
  readonly process: ChildProcess;
}

/** Null when the run has no Redis (see `testRedis`). Rejects when redis-server cannot be started. */
export async function testRedisCluster(): Promise<{ url: string } | null> {
  if (!process.env['REDIS_URL']) return null;
  const folder = mkdtempSync(join(tmpdir(), 'lumi-redis-cluster-'));
  const nodes: Node[] = [];
  afterFile(async () => {
    await Promise.all(nodes.map((node) => stop(node)));
    rmSync(folder, { recursive: true, force: true });
  });
  for (let i = 0; i < NODES; i += 1) nodes.push(await start(folder));
  await joined(nodes);
  return { url: nodes.map(({ port }) => `redis://127.0.0.1:${String(port)}`).join(',') };
}

async function start(folder: string): Promise<Node> {
  const [port, busPort] = [await freePort(), await freePort()];
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    'cluster-enabled': 'yes',
    'cluster-port': busPort,
    'cluster-config-file': `nodes-${String(port)}.conf`,
  };
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  );
  const faults: Error[] = [];
  child.once('error', (err) => faults.push(err));
  child.once('exit', () => faults.push(new Error('redis-server ended; a cluster on ports of its own needs version 7')));
  await until(
    () =>
      faults.length > 0 ||
      asked(port, (redis) => redis.ping()).then(
        () => true,
        () => false,
      ),
  );
  if (faults[0] !== undefined) throw faults[0];
  return { port, busPort, process: child };
}

/**
 * Assigns equal parts of the slots, then introduces every node to every other, then waits until all report the cluster
 * as complete.
 */
async function joined(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes;
  for (const [i, { port }] of nodes.entries()) {
    const [low, high] = [i, i + 1].map((n) => Math.floor((SLOTS * n) / nodes.length));
    await asked(port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', String(low), String((high ?? SLOTS) - 1)));
    await asked(port, (redis) => redis.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1)));
    if (first !== undefined && i > 0)
      await asked(port, (redis) =>
        redis.call('CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(first.busPort)),
      );
  }
  for (const { port } of nodes) {
    await until(() =>
      asked(port, (redis) => redis.call('CLUSTER', 'INFO')).then(
        (info) =>
          /cluster_state:ok/.test(String(info)) && String(info).includes(`cluster_known_nodes:${String(nodes.length)}`),
      ),
    );
  }
}

async function asked<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  redis.on('error', () => undefined); // the command in flight fails as well
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

function stop({ process: child }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server
  await new Promise((resolve) => server.close(resolve));
  return port;
}
