// What the processes keep their data in: PostgreSQL, directly or behind PgBouncer, and Redis, one or a cluster; each
// behind links of its own.
import { join } from 'node:path';
import type { Role } from '@lumi/shared/db';
import type { Cluster } from './cluster';
import { FaultProxy } from './fault-proxy';
import type { Machine } from './machine';
import { PgBouncer } from './pg-bouncer';
import { RedisServer, type RedisStore } from './redis';
import { REDIS_NODES, RedisCluster } from './redis-cluster';
import type { Secrets, Shape } from './settings';

export type LinkKind = 'client' | 'service' | 'postgres' | 'redis' | 'node';
export type Links = Readonly<Record<LinkKind, FaultProxy[]>>;

export interface StoresOptions {
  readonly machine: Machine;
  readonly cluster: Cluster;
  readonly secrets: Secrets;
  readonly shape: Shape;
  readonly links: Links;
  /** The folder of the logs. */
  readonly logs: string;
}

export class Stores {
  private redisStore: RedisStore | undefined;
  private redisUrl: ((name: string) => Promise<string>) | undefined;
  private bouncer: PgBouncer | undefined;

  constructor(private readonly options: StoresOptions) {}

  get redis(): RedisStore {
    if (this.redisStore === undefined) throw new Error('this run has no Redis');
    return this.redisStore;
  }

  get pgBouncer(): PgBouncer {
    if (this.bouncer === undefined) throw new Error('this run has no PgBouncer');
    return this.bouncer;
  }

  async start(): Promise<void> {
    await this.startRedis();
    await this.startBouncer();
  }

  async stop(): Promise<void> {
    await this.redisStore?.stop();
    await this.bouncer?.stop();
  }

  /** The settings that lead a process to them, over links of its own. */
  async settingsOf(name: string, role: Role): Promise<NodeJS.ProcessEnv> {
    const { cluster, secrets } = this.options;
    const port = await this.postgresLink(`${name}→postgres`, () => this.bouncer?.port ?? cluster.port);
    const env: NodeJS.ProcessEnv = {
      DATABASE_URL: cluster.urlOf(role, port),
      KEY_PEPPERS: secrets.peppers,
      SECRET_RING: secrets.ring,
      ...(role === 'lumi_gateway' ? {} : { ADMIN_DATABASE_URL: cluster.urlOf('lumi_admin', port) }),
    };
    if (this.bouncer !== undefined)
      env.DATABASE_DIRECT_URL = cluster.urlOf(
        role,
        await this.postgresLink(`${name}→postgres directly`, () => cluster.port),
      );
    if (this.redisUrl !== undefined) env.REDIS_URL = await this.redisUrl(name);
    return env;
  }

  private async startRedis(): Promise<void> {
    const { machine, shape, logs } = this.options;
    if (shape.redis === 'none') return;
    if (shape.redis === 'one') {
      const port = await machine.freePort();
      this.redisStore = new RedisServer(port);
      this.redisUrl = async (name) => `redis://127.0.0.1:${await this.redisLink(`${name}→redis`, port)}`;
    } else {
      const nodes: { port: number; announced: number; bus: number }[] = [];
      for (const i of upTo(REDIS_NODES)) {
        const [port, bus] = [await machine.freePort(), await machine.freePort()];
        nodes.push({ port, bus, announced: await this.redisLink(`redis-${i + 1}`, port) });
      }
      this.redisStore = new RedisCluster({ nodes, folder: join(logs, 'redis') });
      const url = nodes.map(({ announced }) => `redis://127.0.0.1:${announced}`).join(',');
      this.redisUrl = () => Promise.resolve(url);
    }
    await this.redisStore.start();
  }

  private async startBouncer(): Promise<void> {
    const { machine, cluster, secrets, shape } = this.options;
    if (!shape.hasPgBouncer) return;
    this.bouncer = new PgBouncer({
      machine,
      folder: join(cluster.folder, 'pgbouncer'),
      rolePasswords: secrets.roles,
      upstreamPort: await this.postgresLink('pgbouncer→postgres', () => cluster.port),
    });
    await this.bouncer.start();
  }

  private async postgresLink(name: string, port: () => number): Promise<number> {
    const link = await new FaultProxy({ name, upstreams: () => [port()], isPostgres: true }).listen();
    this.options.links.postgres.push(link);
    return link.port;
  }

  private async redisLink(name: string, port: number): Promise<number> {
    const link = await new FaultProxy({ name, upstreams: () => [port] }).listen();
    this.options.links.redis.push(link);
    return link.port;
  }
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
