// A Redis Cluster of three masters on loopback. Clients learn the nodes' addresses from the nodes themselves, so each
// node announces the port of a fault proxy before it. The nodes reach each other past the proxies.
import { mkdirSync } from 'node:fs';
import { soon } from '../waiting';
import type { Machine } from './machine';
import { RedisServer, type RedisStore } from './redis';

const SLOTS = 16_384;
export const REDIS_NODES = 3;
const JOINED_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 100;

export interface RedisClusterOptions {
  /** Of the nodes' files. */
  readonly folder: string;
  /** By node: its own port, the one it is reached at, and the one for other nodes. */
  readonly nodes: readonly { readonly port: number; readonly announced: number; readonly bus: number }[];
}

/** One without faults, and its address. */
export async function startRedisCluster(
  machine: Pick<Machine, 'freePort'>,
  folder: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const nodes: { port: number; announced: number; bus: number }[] = [];
  for (let i = 0; i < REDIS_NODES; i += 1) {
    const port = await machine.freePort();
    nodes.push({ port, announced: port, bus: await machine.freePort() });
  }
  const cluster = await new RedisCluster({ folder, nodes }).start();
  return { url: nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join(','), stop: () => cluster.stop() };
}

export class RedisCluster implements RedisStore {
  private readonly servers: readonly RedisServer[];

  constructor(private readonly options: RedisClusterOptions) {
    this.servers = options.nodes.map(
      ({ port, announced, bus }) =>
        new RedisServer(port, {
          dir: options.folder,
          'cluster-enabled': 'yes',
          'cluster-port': String(bus),
          'cluster-announce-ip': '127.0.0.1',
          'cluster-announce-port': String(announced),
          'cluster-announce-bus-port': String(bus),
          'cluster-config-file': `nodes-${port}.conf`,
          'cluster-node-timeout': '3000',
        }),
    );
  }

  async start(): Promise<this> {
    mkdirSync(this.options.folder, { recursive: true });
    for (const server of this.servers) await server.start();
    const [first] = this.options.nodes;
    for (const [i, server] of this.servers.entries()) {
      const [from, to] = [i, i + 1].map((n) => Math.floor((SLOTS * n) / this.servers.length));
      await server.command(`CLUSTER ADDSLOTSRANGE ${from} ${(to ?? SLOTS) - 1}`);
      await server.command(`CLUSTER SET-CONFIG-EPOCH ${i + 1}`);
      if (i > 0 && first !== undefined) await server.command(`CLUSTER MEET 127.0.0.1 ${first.port} ${first.bus}`);
    }
    const isWhole = await soon(async () => (await this.isWhole()) || undefined, JOINED_LIMIT_MS, LOOK_EVERY_MS);
    if (isWhole !== true) throw new Error('the nodes of the Redis Cluster did not find each other');
    return this;
  }

  private async isWhole(): Promise<boolean> {
    const told = await Promise.all(this.servers.map((server) => server.command('CLUSTER INFO')));
    return told.every(
      (info) => /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${this.servers.length}`),
    );
  }

  async flush(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.flush()));
  }

  async interrupt(draw: number, ms: number): Promise<void> {
    await this.servers[Math.floor(draw * this.servers.length)]?.interrupt(draw, ms);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}
