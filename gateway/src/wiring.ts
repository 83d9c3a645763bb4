// Builds the gateway's parts. No other file constructs them. `start` and `stop` are the only I/O.
import { Pool } from 'pg';
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { KeyDigests } from '@lumi/shared/keys';
import {
  FallbackLimitStore,
  MemoryLimitStore,
  RedisLimitStore,
  connectLimitRedis,
  type LimitStore,
} from '@lumi/shared/limits';
import { Notices } from '@lumi/shared/notices';
import { knowsPlatform } from '@lumi/shared/platform-schema';
import { Readiness, watchPool } from '@lumi/shared/monitoring';
import { tracePool } from '@lumi/shared/tracing';
import { IDENTITY_HEADER, IdentitySigner, publicPrincipal } from '@lumi/shared/principal';
import { databaseSocket, type Clock, type Log, type SecretRing } from '@lumi/shared/runtime';
import { clientIpReader, peerReader, type ClientIp } from './client-ip';
import type { GatewayConfig } from './config';
import { watchParts } from './gauges';
import { KeyCache } from './keys/key-cache';
import { KeyUsage } from './keys/key-usage';
import { BodyBudget } from './limits/body-budget';
import { LineWriter } from './line-writer';
import { ProxyHint } from './proxy-hint';
import { RouteTable } from './routes/route-table';
import { ServiceClient } from './upstream/service-client';

export interface Wiring {
  readonly log: Log;
  readonly clock: Clock;
  readonly clientIp: ClientIp;
  readonly accessLines: LineWriter | null;
  readonly apiEnabled: boolean;
  readonly moneyEnabled: boolean;
  readonly hostBindings: ReadonlyMap<Product, ReadonlySet<string>>;
  readonly routes: RouteTable;
  readonly keys: KeyCache;
  readonly usage: KeyUsage;
  readonly proxyHint: ProxyHint;
  readonly keyLimits: LimitStore;
  readonly addressLimits: MemoryLimitStore;
  readonly bodyBudget: BodyBudget;
  readonly publicPerMinute: number;
  readonly secretRing: SecretRing;
  readonly signer: IdentitySigner;
  readonly services: Readonly<Record<Product, ServiceClient>>;
  readonly perPeerMax: number;
  readonly peerOf: (address: string) => string | null;
  readonly publicHeaders: readonly string[];
  readonly readiness: Readiness;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface WiringOptions {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** The target of access lines; null: none. */
  readonly accessStream: NodeJS.WritableStream | null;
  /** The database answered only after the start, and has a platform's schema that this gateway does not know. */
  readonly onRefusal?: (sentence: string) => void;
}

const ADDRESSES_MAX = 50_000;
/** Sent by a trigger, with the digest of the key. */
const KEY_CHANGES = 'lumi_keys';

export function wire({ config, clock, log, accessStream, onRefusal = () => undefined }: WiringOptions): Wiring {
  const [db, strangersDb] = [openPool(config, log), openPool(config, log)];
  const keys = new KeyCache({ db, strangersDb, digests: new KeyDigests(config.KEY_PEPPERS), clock, log });
  const notices = new Notices({
    databaseUrl: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    name: 'gateway keys',
    log,
    send: (channel, payload) => db.query('SELECT pg_notify($1, $2)', [channel, payload]),
    what: 'key changes',
    meanwhile: 'keys are read again every few seconds',
  });
  notices.on(KEY_CHANGES, { notice: (digest) => keys.forget(digest), gap: () => keys.forgetAll() });
  const usage = new KeyUsage({ db, clock, log });
  const redis = config.REDIS_URL === undefined ? null : connectLimitRedis({ url: config.REDIS_URL, log });
  const local = new MemoryLimitStore(clock);
  const signer = new IdentitySigner(config.IDENTITY_PRIVATE_KEY, clock);
  const services = serviceClients(config, clock);
  const routes = new RouteTable({
    log,
    pollMs: config.ROUTES_POLL_MS,
    fetchDocument: (product, etag) =>
      services[product].fetchDocument('/internal/openapi.json', {
        [IDENTITY_HEADER]: signer.sign(publicPrincipal(product), `public:${product}`),
        ...(etag === null ? {} : { 'if-none-match': etag }),
      }),
  });
  const addressLimits = new MemoryLimitStore(clock, { bucketsMax: ADDRESSES_MAX });
  let stopAsking = (): void => undefined;
  const readiness = new Readiness();
  readiness.needs(
    { name: 'database', isVital: true, check: () => db.query('SELECT 1') },
    // A product that is away is a 503 of its own paths; a gateway that knows no product's paths serves nobody.
    {
      name: 'services',
      isVital: true,
      check: () =>
        PRODUCTS.some((product) => routes.operationsOf(product) > 0)
          ? Promise.resolve()
          : Promise.reject(new Error('none was reached yet')),
    },
    // Without it this gateway counts by itself.
    ...(redis === null ? [] : [{ name: 'redis', isVital: false, check: () => redis.ping() }]),
  );
  const bodyBudget = new BodyBudget();
  const unwatch = [
    watchPool('gateway', db),
    watchPool('gateway-strangers', strangersDb),
    watchParts({ keys, notices, routes, services, bodyBudget }),
  ];
  const accessLines = accessStream === null ? null : new LineWriter(accessStream);
  return {
    log,
    clock,
    accessLines,
    routes,
    keys,
    usage,
    signer,
    services,
    addressLimits,
    proxyHint: new ProxyHint(log),
    bodyBudget,
    clientIp: clientIpReader(config.TRUST_PROXY),
    apiEnabled: config.API_ENABLED,
    moneyEnabled: config.API_MONEY_ENABLED,
    hostBindings: config.HOST_BINDINGS,
    keyLimits:
      redis === null ? local : new FallbackLimitStore(new RedisLimitStore(redis, config.REDIS_PREFIX), local, clock),
    publicPerMinute: config.PUBLIC_PER_MINUTE,
    secretRing: config.SECRET_RING,
    perPeerMax: config.ADDRESS_CONNECTIONS,
    peerOf: peerReader(config.TRUST_PROXY),
    publicHeaders: ['crypto-pay-api-signature'],
    readiness,
    start: async () => {
      stopAsking = await knowsPlatform({ db, who: 'the gateway', log, onRefusal });
      await Promise.all([notices.start(), routes.start()]);
    },
    stop: async () => {
      stopAsking();
      routes.stop();
      accessLines?.flush();
      redis?.disconnect();
      for (const end of unwatch) end();
      await Promise.all([
        notices.stop(),
        usage.flush().then(() => db.end()),
        strangersDb.end(),
        ...PRODUCTS.map((product) => services[product].close()),
      ]);
    },
  };
}

function openPool(config: GatewayConfig, log: Log): Pool {
  const max = Math.max(1, Math.floor(config.DATABASE_POOL / 2));
  const pool = tracePool(
    new Pool({
      connectionString: config.DATABASE_URL,
      max,
      connectionTimeoutMillis: 3_000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      stream: databaseSocket,
      application_name: 'gateway',
    }),
  );
  pool.on('error', (err) => log.warn('an idle database connection failed', { err }));
  return pool;
}

function serviceClients(config: GatewayConfig, clock: Clock): Record<Product, ServiceClient> {
  const client = (product: Product, origin: string): ServiceClient =>
    new ServiceClient({
      product,
      origin,
      clock,
      connections: config.UPSTREAM_CONNECTIONS,
      inFlightMax: config.SERVICE_CONCURRENCY,
      perKeyMax: config.KEY_CONCURRENCY,
      waitingPerKeyMax: config.KEY_QUEUE,
      timeoutMs: config.UPSTREAM_TIMEOUT_MS,
    });
  return {
    domains: client('domains', config.DOMAINS_URL),
    vps: client('vps', config.VPS_URL),
    proxy: client('proxy', config.PROXY_URL),
  };
}
