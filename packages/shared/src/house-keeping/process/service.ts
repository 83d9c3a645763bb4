// The parts of every service process: database, limits, identity, cursors, purchase engine. A product's wiring.ts adds
// its supplier and its store; server.ts and worker.ts run it.
import type { Product } from '../../ground/contract';
import { Cursors } from '../../ground/contract';
import { openDatabase, type Database } from '../../base/db';
import { mount, type Endpoint, type InternalRoute, type OpenApiOptions } from '../../counter/endpoint';
import { Readiness } from '../../base/monitoring';
import { Notices } from '../../base/notices';
import { MemoryLimitStore, RedisLimitStore, connectLimitRedis, untilUsable, type LimitStore } from '../../base/limits';
import { IdentityVerifier } from '../../base/principal';
import type { PurchaseDeps } from '../../work/purchase';
import { createLog, systemClock, type Clock, type Log } from '../../ground/runtime';
import type { ServiceConfig } from './config';

export interface Service {
  readonly product: Product;
  readonly config: ServiceConfig;
  readonly db: Database;
  /**
   * The same database as `lumi_admin`, which sees all products: only for operators' routes and the check of the books.
   */
  readonly admin: Database;
  /** Of the database, to this process; who listens starts it. */
  readonly notices: Notices;
  readonly clock: Clock;
  readonly log: Log;
  readonly cursors: Cursors;
  readonly moneyLimits: LimitStore;
  readonly purchases: PurchaseDeps;
  readonly readiness: Readiness;
  /** Before it serves: what connects by itself has had its time to do so. */
  connected(): Promise<void>;
  /** Stops all that this opened, in reverse order. */
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly product: Product;
  readonly config: ServiceConfig;
  readonly processName: string;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** Opened on demand. */
const ADMIN_CONNECTIONS = 3;
/** Without an answer of Redis money is refused, so a purchase waits for one rather than to be refused. */
const MONEY_LIMIT_ANSWER_MS = 3_000;

export function openService(options: ServiceOptions): Service {
  const { config, product } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog({ level: config.LOG_LEVEL, process: options.processName });
  const db = openDatabase({
    url: config.DATABASE_URL,
    connections: config.DATABASE_POOL,
    prepared: config.DATABASE_PREPARED,
    log,
    name: options.processName,
  });
  const admin = openDatabase({
    url: config.ADMIN_DATABASE_URL,
    connections: ADMIN_CONNECTIONS,
    prepared: config.DATABASE_PREPARED,
    log,
    name: `${options.processName}-admin`,
  });
  const notices = new Notices({
    databaseUrl: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    name: `${options.processName} notices`,
    log,
    send: (channel, payload) => db.pool.query('SELECT pg_notify($1, $2)', [channel, payload]),
    what: 'changes',
    meanwhile: 'the tables are looked at more often',
  });
  const redis = config.REDIS_URL === undefined ? null : connectLimitRedis({ url: config.REDIS_URL, log });
  const readiness = new Readiness();
  readiness.needs(
    { name: 'database', isVital: true, check: () => db.pool.query('SELECT 1') },
    // Without it reads go on, and money is refused.
    ...(redis === null ? [] : [{ name: 'redis', isVital: false, check: () => redis.ping() }]),
  );
  return {
    product,
    config,
    readiness,
    connected: async () => {
      if (redis !== null) await untilUsable(redis);
    },
    db,
    admin,
    notices,
    clock,
    log,
    cursors: new Cursors(config.CURSOR_SECRET),
    moneyLimits:
      redis === null
        ? new MemoryLimitStore(clock)
        : new RedisLimitStore(redis, config.REDIS_PREFIX, MONEY_LIMIT_ANSWER_MS),
    purchases: { db, clock, log, defaultCap: config.DEFAULT_DAILY_CAP_USD },
    close: async () => {
      redis?.disconnect();
      await Promise.all([notices.stop(), db.close(), admin.close()]);
    },
  };
}

export type ApiDescription = Omit<OpenApiOptions, 'product' | 'publicUrl'>;

/** The HTTP app of a service, as tests use it and `runServer` serves it. */
export function buildApp(
  service: Service,
  endpoints: readonly Endpoint[],
  api: ApiDescription,
  internal: readonly InternalRoute[] = [],
): ReturnType<typeof mount> {
  return mount(endpoints, {
    product: service.product,
    verifier: new IdentityVerifier(service.config.IDENTITY_PUBLIC_KEYS, service.product, service.clock),
    db: service.db.direct,
    moneyLimits: service.moneyLimits,
    secrets: service.config.SECRET_RING,
    clock: service.clock,
    log: service.log,
    readiness: service.readiness,
    internal,
    openApi: { ...api, publicUrl: service.config.PUBLIC_URL },
  });
}
