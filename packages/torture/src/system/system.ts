// The system under test: two gateways, two servers and two workers of each service (or more, as its shape says), the
// payment double, PgBouncer and Redis when asked for. Every link goes through a fault proxy of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import type { QueryResult, QueryResultRow } from 'pg';
import type { PointReached, Settings } from '../inside/messages';
import type { Random } from '../random';
import { Accounts, type Buyer, type BuyerOptions } from './accounts';
import { Child, type ChildOptions } from './child';
import type { Cluster } from './cluster';
import { FaultProxy } from './fault-proxy';
import type { Machine } from './machine';
import { TIMES, type Limits, type Secrets, type Shape } from './settings';
import { Stores, upTo, type Links } from './stores';
import { WebhookRelay } from './webhook-relay';

export interface SystemOptions {
  readonly machine: Machine;
  readonly cluster: Cluster;
  readonly secrets: Secrets;
  readonly products: readonly Product[];
  readonly shape: Shape;
  readonly limits: Limits;
}

/** Hears what the processes of a run say. */
export interface Listener {
  onPoint(child: Child, point: PointReached): void;
  onLine(line: string): void;
}

/** What the outside of a gateway sees of a request. */
export interface SentToService {
  readonly path: string;
  times: number;
}

/** HTTP processes of each service. */
const SERVERS = 2;

type Kind = 'gateway' | 'server' | 'worker' | 'double' | 'node';

export class System {
  readonly cluster: Cluster;
  readonly products: readonly Product[];
  readonly shape: Shape;
  readonly children = new Map<string, Child>();
  readonly links: Links = { client: [], service: [], postgres: [], redis: [], node: [] };
  readonly stores: Stores;
  /** Addresses of the gateways, as customers reach them. */
  origins: readonly string[] = [];
  /** Leases and limits are so many times as long as TIMES. */
  stretch = 1;
  /** Requests that gateways sent to services, by request id. Reads do not count. */
  sent = new Map<string, SentToService>();
  readonly logs: string;
  private readonly accounts: Accounts;
  /** Processes that are not to get new connections, by name: load balancers have seen that they stop. */
  readonly leaving = new Set<string>();
  private readonly gatewayPorts: (number | undefined)[] = [];
  private webhookRelay: WebhookRelay | undefined;
  private doubleProxy: FaultProxy | undefined;
  private listener: Listener | null = null;
  private settings: Settings | null = null;

  constructor(private readonly options: SystemOptions) {
    this.cluster = options.cluster;
    this.products = options.products;
    this.shape = options.shape;
    this.logs = join(this.cluster.folder, 'logs');
    this.accounts = new Accounts(options.secrets);
    this.stores = new Stores({ ...options, links: this.links, logs: this.logs });
  }

  /** The folder of the repository. */
  get root(): string {
    return this.options.machine.root;
  }

  get webhooks(): WebhookRelay {
    return started(this.webhookRelay, 'the relay of webhooks');
  }

  private get firstProduct(): Product {
    const [first] = this.products;
    if (first === undefined) throw new Error('name at least one product');
    return first;
  }

  async start(): Promise<void> {
    const { gateways, workers } = this.shape;
    mkdirSync(this.logs);
    await this.stores.start();
    // The two ways in come first: what is started later needs to know where callers come from.
    for (const i of upTo(gateways))
      this.links.client.push(await this.proxy(`client→gateway-${i + 1}`, () => known([this.gatewayPorts[i]])));
    this.origins = this.links.client.map(({ port }) => `http://127.0.0.1:${port}`);
    const api = this.origins.map((origin) => `${origin}${BASE_PATHS[this.firstProduct]}`);
    this.webhookRelay = new WebhookRelay(api);
    await this.startDouble(await this.webhookRelay.listen());
    // One product after the other: all at once would only wait for each other.
    for (const product of this.products)
      await Promise.all([
        ...upTo(SERVERS).map((i) => this.startProduct(product, 'server', i + 1)),
        ...upTo(workers).map((i) => this.startProduct(product, 'worker', i + 1)),
      ]);
    await Promise.all(upTo(gateways).map((i) => this.startGateway(i)));
  }

  /** For the next run: no rows of the last one, every process up, no fault armed. */
  async renew(run: { random: Random; bug: string | undefined; listener: Listener }): Promise<void> {
    this.listener = null;
    await Promise.all([...this.children.values()].map((child) => child.isUp()));
    await this.cluster.wipe();
    await this.flushQueue();
    this.sent = new Map();
    this.webhooks.reset(run.random.stream('webhooks'));
    this.tellSettings({ type: 'torture-settings', bug: run.bug ?? '', stretch: this.stretch });
    this.listener = run.listener;
  }

  /** Leases and limits of all processes, in this life and the next: so many times as long as TIMES. */
  setTimes(stretch: number): void {
    this.stretch = stretch;
    this.tellSettings({ type: 'torture-settings', bug: this.settings?.bug ?? '', stretch });
  }

  private tellSettings(settings: Settings): void {
    this.settings = settings;
    for (const child of this.children.values()) {
      child.settings = settings;
      child.tell(settings);
    }
  }

  private proxy(name: string, upstreams: () => readonly number[]): Promise<FaultProxy> {
    return new FaultProxy({ name, upstreams }).listen();
  }

  private async startDouble(webhookUrl: string): Promise<void> {
    const dataDir = join(this.logs, 'crypto-pay');
    mkdirSync(dataDir);
    const double = this.child('crypto-pay-double', 'packages/crypto-pay-double/dist/server.js', 'double', {
      DATA_DIR: dataDir,
      CRYPTO_PAY_TOKEN: this.options.secrets.cryptoPayToken,
      WEBHOOK_URL: webhookUrl,
    });
    await double.start();
    this.doubleProxy = await this.proxy('service→crypto-pay', () => known([double.port]));
  }

  private async startProduct(product: Product, kind: 'server' | 'worker', i: number): Promise<void> {
    const name = `${product}-${kind}-${i}`;
    const { machine, secrets } = this.options;
    const child = this.child(name, `services/${product}/dist/${kind}.js`, kind, {
      ...(await this.stores.settingsOf(name, `lumi_${product}`)),
      IDENTITY_PUBLIC_KEYS: machine.publicKeys(secrets.identity),
      CURSOR_SECRET: secrets.cursor,
      PUBLIC_URL: this.origins[0],
      API_MONEY_ENABLED: 'true',
      SANDBOX_PAYMENTS: 'true',
      SANDBOX_TIMEOUT_MS: '700',
      SANDBOX_SLOW_MS: '400',
      SANDBOX_CREATE_MS: '200',
      SANDBOX_ACTION_MS: '100',
      CRYPTO_PAY_URL: `http://127.0.0.1:${started(this.doubleProxy, 'the payment double').port}`,
      CRYPTO_PAY_TOKEN: secrets.cryptoPayToken,
      DATABASE_POOL: '8',
    });
    await child.start();
  }

  private async startGateway(i: number): Promise<void> {
    const name = `gateway-${i + 1}`;
    const urls: NodeJS.ProcessEnv = {};
    for (const product of PRODUCTS) {
      const served = this.products.includes(product) ? product : this.firstProduct;
      const link = await this.proxy(`${name}→${product}`, () =>
        this.reachable(upTo(SERVERS).map((n) => `${served}-server-${n + 1}`)),
      );
      link.onRequestBytes = (chunk) => this.countSent(chunk);
      if (this.products.includes(product)) this.links.service.push(link);
      urls[`${product.toUpperCase()}_URL`] = `http://127.0.0.1:${link.port}`;
    }
    const child = this.child(name, 'gateway/dist/server.js', 'gateway', {
      ...(await this.stores.settingsOf(name, 'lumi_gateway')),
      ...urls,
      IDENTITY_PRIVATE_KEY: this.options.secrets.identity,
      API_MONEY_ENABLED: 'true',
      ROUTES_POLL_MS: '2000',
      UPSTREAM_TIMEOUT_MS: String(this.options.limits.upstreamTimeoutMs),
      DATABASE_POOL: '4',
    });
    await child.start();
    this.gatewayPorts[i] = child.port;
  }

  /** Ports of processes that get new connections. */
  reachable(names: readonly string[]): number[] {
    return known(names.map((name) => (this.leaving.has(name) ? undefined : this.children.get(name)?.port)));
  }

  /** One address for all gateways, as a load balancer gives it. */
  async balancer(): Promise<FaultProxy> {
    const names = upTo(this.shape.gateways).map((i) => `gateway-${i + 1}`);
    const link = await this.proxy('customers→gateways', () => this.reachable(names));
    this.links.client.push(link);
    return link;
  }

  private countSent(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    for (const [, method, path, head = ''] of text.matchAll(
      /(POST|PUT|PATCH|DELETE) (\S+) HTTP\/1\.1\r\n([\s\S]*?)\r\n\r\n/g,
    )) {
      const id = /x-request-id: (\S+)/i.exec(head)?.[1];
      if (id !== undefined)
        this.sent.set(id, { path: `${method} ${path}`, times: (this.sent.get(id)?.times ?? 0) + 1 });
    }
  }

  /** `onPoint`: hears of its points instead of the run's listener. */
  child(
    name: string,
    script: string,
    kind: Kind,
    env: NodeJS.ProcessEnv,
    onPoint: ChildOptions['onPoint'] = (from, point) => this.listener?.onPoint(from, point),
  ): Child {
    const { machine, limits } = this.options;
    const { root } = machine;
    const child = new Child({
      name,
      script: join(root, script),
      logFile: join(this.logs, `${name}.log`),
      onPoint,
      onLine: (_from, line) => this.listener?.onLine(line),
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        STOP_DELAY_MS: String(limits.stopDelayMs),
        PORT: '0',
        LOG_LEVEL: 'info',
        ...env,
        TORTURE_ROOT: root,
        TORTURE_TIMES: JSON.stringify(TIMES),
        TORTURE_KIND: kind,
      },
    });
    child.settings = this.settings;
    this.children.set(name, child);
    return child;
  }

  named(pattern: RegExp): Child[] {
    return [...this.children.values()].filter(({ name }) => pattern.test(name));
  }

  allLinks(): FaultProxy[] {
    return [...Object.values(this.links).flat(), ...(this.doubleProxy === undefined ? [] : [this.doubleProxy])];
  }

  /** As if the queue had lost everything: Redis flushed, or the queue's tables emptied. */
  async flushQueue(): Promise<void> {
    if (this.shape.redis === 'none') await this.cluster.emptyQueue();
    else await this.stores.redis.flush();
  }

  /** A key of a product, for an account of its own with money, or for the account of another buyer. */
  makeBuyer({ product = this.firstProduct, ...options }: Omit<BuyerOptions, 'product'> & { product?: Product }) {
    return this.cluster.asOwner((client) => this.accounts.makeBuyer(client, { ...options, product }));
  }

  makeOperator(product: Product): Promise<Buyer> {
    return this.cluster.asOwner((client) => this.accounts.makeOperator(client, product));
  }

  /** As the owner of the database. */
  query<T extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<T>> {
    return this.cluster.asOwner((client) => client.query<T>(text, values));
  }

  async stop(): Promise<void> {
    for (const link of this.allLinks()) link.silence(false);
    await Promise.all([...this.children.values()].map((child) => child.stop()));
    await Promise.all(this.allLinks().map((link) => link.close()));
    this.webhookRelay?.close();
    await this.stores.stop();
  }
}

function started<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Error(`${name} has not been started`);
  return part;
}

function known(ports: readonly (number | undefined)[]): number[] {
  return ports.filter((port) => port !== undefined);
}
