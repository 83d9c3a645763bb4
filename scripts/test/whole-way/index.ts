// The gateway and the services of the three products in this process, over real sockets, real PostgreSQL and (if the
// run has one) real Redis. Only the suppliers are sandboxes. Tests move the time, and tests run the workers: round by
// round, or in the background as their processes would.
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pg from 'pg';
import { Pool as HttpPool } from 'undici';
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import type { Endpoint } from '@lumi/shared/endpoint';
import { createHttpServer } from '@lumi/shared/http';
import { revokeKey } from '@lumi/shared/keys';
import { audit, auditRules, readBalance, type Breach } from '@lumi/shared/ledger';
import { formatUsd } from '@lumi/shared/money';
import { IdentitySigner, publicJwks, type Principal } from '@lumi/shared/principal';
import { BOOK_RULES } from '@lumi/shared/reconciliation';
import { createLog } from '@lumi/shared/runtime';
import { buildApp, openService, serviceConfig, startWork, type Service, type Work } from '@lumi/shared/service';
import { ShiftedClock, testDatabase, testRedis, until } from '@lumi/shared/testing';
import { createApp } from '../../../gateway/src/app';
import { gatewaySettings } from '../../../gateway/src/config';
import { createListener } from '../../../gateway/src/listener';
import { wire as wireGateway } from '../../../gateway/src/wiring';
import { WIRE } from '../products';
import { ask, type Answer, type Sent } from './ask';
import { balance } from './balancer';
import { Customers, type Buyer, type KeyWishes, type Operator } from './customers';
import { InFlight } from './in-flight';
import { newPem } from './private-key';
import { ON_LOOPBACK, SHAPE, type Running, type WholeWayOptions } from './shape';
import { runStaged } from './staged-jobs';

export type { Answer, Buyer, Operator, Sent, WholeWayOptions };

const ROUNDS_MAX = 50;
/** Longer than any sandbox takes for a successful action. */
const SUPPLIER_MS = 5_000;

/** Call it once, at the top of a file. */
export function wholeWay({ products = PRODUCTS, more = {}, settings = {} }: WholeWayOptions = {}) {
  const clock = new ShiftedClock();
  const inFlight = new InFlight();
  const database = testDatabase();
  const redis = testRedis();
  const pem = newPem();
  const secrets = {
    KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`,
    SECRET_RING: `1:${randomBytes(32).toString('base64')}`,
  };
  const shared = {
    ...secrets,
    API_MONEY_ENABLED: 'true',
    ...(redis === null ? {} : { REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix }),
  };
  const logged: string[] = [];
  const sink = () =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        logged.push(chunk.toString('utf8'));
        done();
      },
    });
  const log = createLog({ level: 'debug', process: 'test', stream: sink() });
  const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 4 });
  const rings = {
    peppers: gatewaySettings.shape.KEY_PEPPERS.parse(secrets.KEY_PEPPERS),
    secrets: gatewaySettings.shape.SECRET_RING.parse(secrets.SECRET_RING),
    clock,
  };
  const customers = new Customers(owner, rings, clock);
  const running = new Map<Product, readonly Running[]>();
  const stops: (() => Promise<void>)[] = [];
  /** Past the gateway. */
  const ways = new Map<Product, HttpPool>();
  /** The gateways, and where they listen. */
  const [gateways, addresses]: [HttpPool[], string[]] = [[], []];
  let sent = 0;

  const processesOf = (product: Product): readonly Running[] => running.get(product) ?? [];
  /** The process whose loops and jobs run. */
  const of = (product: Product): Running => {
    const [found] = processesOf(product);
    if (found === undefined) throw new Error(`${product} has not started`);
    return found;
  };

  /** Serves one product; returns its origin. With several processes that is a balancer before them. */
  const startProduct = async (product: Product): Promise<string> => {
    const processes: Running[] = [];
    for (let i = 0; i < SHAPE.servers; i += 1) processes.push(await startProcess(product));
    running.set(product, processes);
    const [only] = processes;
    if (processes.length === 1 && only !== undefined) return `http://127.0.0.1:${String(only.port)}`;
    const balancer = await balance(processes.map(({ port }) => port));
    stops.push(() => balancer.close());
    return `http://127.0.0.1:${String(balancer.port)}`;
  };

  /** On a separate port. */
  const startProcess = async (product: Product): Promise<Running> => {
    const config = serviceConfig.parse({
      ...shared,
      DATABASE_URL: database.urlFor(`lumi_${product}`),
      DATABASE_DIRECT_URL: database.directUrlFor(`lumi_${product}`),
      ADMIN_DATABASE_URL: database.urlFor('lumi_admin'),
      DATABASE_POOL: '16',
      IDENTITY_PUBLIC_KEYS: Buffer.from(JSON.stringify(publicJwks(pem))).toString('base64'),
      CURSOR_SECRET: randomBytes(32).toString('hex'),
      PUBLIC_URL: 'http://127.0.0.1:1',
      ...ON_LOOPBACK,
      ...settings,
    });
    const service = openService({ product, config, processName: product, clock, log });
    const wired = WIRE[product](service);
    const server = createHttpServer(
      buildApp(service, [...wired.endpoints, ...(more[product]?.(service) ?? [])], wired.api),
      { clock },
    );
    const port = await server.listen('127.0.0.1', 0);
    const started = { service, wired, server, port };
    stops.push(
      () => service.close(),
      () => wired.close(),
      () => started.server.drain(2_000),
    );
    return started;
  };

  const origins = new Map<Product, string>();
  const origin = (product: Product): string => origins.get(product) ?? [...origins.values()][0] ?? '';

  /** A gateway in front of the services, and its address. */
  const startGateway = async (settings: Readonly<Record<string, string>>): Promise<HttpPool> => {
    const wiring = wireGateway({
      clock,
      log,
      accessStream: sink(),
      config: gatewaySettings.parse({
        ...shared,
        DATABASE_URL: database.urlFor('lumi_gateway'),
        DATABASE_DIRECT_URL: database.directUrlFor('lumi_gateway'),
        DOMAINS_URL: origin('domains'),
        VPS_URL: origin('vps'),
        PROXY_URL: origin('proxy'),
        IDENTITY_PRIVATE_KEY: Buffer.from(pem).toString('base64'),
        PUBLIC_PER_MINUTE: '100000',
        ROUTES_POLL_MS: '250',
        ...settings,
      }),
    });
    const listener = createListener(createApp(wiring), { ...wiring, clock });
    await wiring.start();
    const address = `http://127.0.0.1:${String(await listener.listen('127.0.0.1', 0))}`;
    addresses.push(address);
    const way = new HttpPool(address, {
      connections: 64,
      headersTimeout: 25_000,
      bodyTimeout: 25_000,
    });
    stops.push(
      () => wiring.stop(),
      () => listener.drain(2_000),
      () => way.close(),
    );
    return way;
  };

  beforeAll(async () => {
    for (const product of products) origins.set(product, await startProduct(product));
    for (let i = 0; i < SHAPE.gateways; i += 1) gateways.push(await startGateway({}));
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await owner.end();
  });

  /** Between requests: one that was signed before would be too old on arrival. */
  const passTime = (ms: number, patienceMs?: number): Promise<void> =>
    inFlight.whenNone(() => {
      clock.shiftMs += ms;
    }, patienceMs);

  const send = (method: string, path: string, options: Sent = {}): Promise<Answer> => {
    const gateway = gateways[(sent += 1) % gateways.length];
    if (gateway === undefined) throw new Error('the system has not started');
    return inFlight.during(() => ask(gateway, method, path, options));
  };

  const request = (
    who: { key: string; product?: Product },
    method: string,
    path: string,
    body?: object,
    idempotencyKey?: string,
  ): Promise<Answer> =>
    send(method, `${BASE_PATHS[who.product ?? 'domains']}${path}`, {
      key: who.key,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  return {
    send,
    request,
    owner,
    logged,
    clock,
    passTime,
    address: (): string => addresses[0] ?? '',
    /** Directly at a service's own port, past the gateway. */
    straight(product: Product, method: string, path: string, options: Sent): Promise<Answer> {
      const way = ways.get(product) ?? new HttpPool(origin(product), { connections: 8 });
      if (!ways.has(product)) stops.push(() => way.close());
      ways.set(product, way);
      return ask(way, method, path, options);
    },
    /** Signed as by the gateway, or, with another key, as by a stranger. */
    identity: (principal: Principal, signedWith: 'our key' | 'their key' = 'our key'): string =>
      new IdentitySigner(signedWith === 'our key' ? pem : newPem(), clock).sign(principal, 'once'),
    revoke: (keyId: string): Promise<unknown> => revokeKey(owner, keyId),
    /** By its whole path. */
    get: (who: { key: string }, path: string) => send('GET', path, { key: who.key }),
    /** A money request at a path below the product's base, with a fresh Idempotency-Key unless one is named. */
    pay: (
      who: { key: string; product?: Product },
      path: string,
      body: object,
      idempotencyKey = randomBytes(12).toString('hex'),
    ) => request(who, 'POST', path, body, idempotencyKey),
    buy: (who: { key: string }, body: object, idempotencyKey = randomBytes(12).toString('hex')) =>
      send('POST', '/api/v1/domains', { key: who.key, idempotencyKey, body: JSON.stringify(body) }),
    buyer: (wishes: Parameters<Customers['buyer']>[0]): Promise<Buyer> => customers.buyer(wishes),
    /** Another key of an account, for example for another product. */
    keyOf: (accountId: string, wishes: KeyWishes): Promise<Buyer> => customers.keyOf(accountId, wishes),
    operator: (product: Product, wishes: KeyWishes = {}): Promise<Operator> => customers.operator(product, wishes),
    async money(accountId: string): Promise<{ balance: string; held: string }> {
      const { posted, held } = await readBalance(anyOf(running).service.db.platform, accountId);
      return { balance: formatUsd(posted), held: formatUsd(held) };
    },
    /** Audits the books, and each product against its supplier's own log. */
    async breaches(): Promise<Breach[]> {
      const found = [...(await audit(anyOf(running).service.admin.platform, BOOK_RULES))];
      for (const [{ service, wired }] of running.values() as Iterable<readonly [Running]>)
        found.push(...(await auditRules(service.db.platform, wired.auditRules)));
      return found;
    },
    /** A second gateway in front of the same services, with its own settings. */
    async gateway(settings: Readonly<Record<string, string>>): Promise<typeof send> {
      const way = await startGateway(settings);
      return (method, path, options = {}) => ask(way, method, path, options);
    },
    /** Stops this product's service. */
    async stopServing(product: Product): Promise<void> {
      await Promise.all(processesOf(product).map(({ server }) => server.drain(2_000)));
    },
    /** A new release of one service, with more endpoints, on the old one's port. Nothing else changes. */
    async release(product: Product, added: (service: Service) => readonly Endpoint[]): Promise<void> {
      for (const old of processesOf(product)) {
        await old.server.drain(2_000);
        old.server = createHttpServer(
          buildApp(old.service, [...old.wired.endpoints, ...added(old.service)], old.wired.api),
          { clock },
        );
        await old.server.listen('127.0.0.1', old.port);
      }
    },
    /** One round of a product's worker, as if all open work were due and suppliers have had their time. */
    async round(product: Product): Promise<void> {
      const { service, wired } = of(product);
      // A request that waits for this round is not waited for.
      await passTime(SUPPLIER_MS, 1_000);
      await owner.query(
        `UPDATE platform.orders SET wake_at = now() WHERE product = $1 AND state IN ('acting', 'pending')`,
        [product],
      );
      await owner.query(`UPDATE platform.operation SET wake_at = now() WHERE product = $1 AND state = 'running'`, [
        product,
      ]);
      for (const loop of wired.loops) {
        for (let i = 0; i < ROUNDS_MAX && (await loop.run()); i += 1);
      }
      await runStaged(owner, service, wired.jobs);
    },
    /** Runs the worker in the background with its queue until `work` is done; it always stops. */
    async working<T>(product: Product, done: () => Promise<T | false>): Promise<T> {
      const { service, wired } = of(product);
      const work: Work = startWork(service, wired.loops, wired.jobs);
      try {
        return await until(done, { timeoutMs: 100_000 });
      } finally {
        await work.stop();
      }
    },
  };
}

function anyOf(running: ReadonlyMap<Product, readonly Running[]>): Running {
  const [first] = [...running.values()].flat();
  if (first === undefined) throw new Error('the system has not started');
  return first;
}
