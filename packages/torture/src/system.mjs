// The system under test: two gateways, two of each service, two workers of each, the payment double, Redis when asked
// for; every link goes through a fault proxy of its own.
import { createHmac, createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newId, resellerScopes } from '@lumi/shared/contract';
import { issueKey } from '@lumi/shared/keys';
import { secretRing, systemClock } from '@lumi/shared/runtime';
import { Pool } from 'pg';
import { root } from '../../../scripts/build.mjs';
import { publicKeys } from '../../launcher/src/secrets.mjs';
import { Child } from './child.mjs';
import { FaultProxy } from './fault-proxy.mjs';
import { RedisServer } from './redis.mjs';
import { BASE_PATHS, TIMES } from './system-settings.mjs';

const PLENTY = 1_000_000;

export class System {
  constructor({ cluster, secrets, products, useRedis }) {
    Object.assign(this, { cluster, secrets, products, useRedis });
    this.children = new Map();
    this.links = { client: [], service: [], postgres: [], redis: [] };
    this.database = cluster.database;
    this.logs = join(cluster.folder, 'logs');
    this.listener = null;
    this.stretch = 1;
  }

  async start() {
    mkdirSync(this.logs);
    if (this.useRedis) this.redis = await new RedisServer().start();
    // The two ways in stand first: what is started later needs to know where callers come from.
    this.gatewayPorts = [undefined, undefined];
    for (const i of [0, 1])
      this.links.client.push(await this.proxy(`client→gateway-${i + 1}`, () => [this.gatewayPorts[i]].filter(Boolean)));
    this.origins = this.links.client.map(({ port }) => `http://127.0.0.1:${port}`);
    await this.startRelay();
    await this.startDouble();
    // One product after the other: all at once would only wait for each other.
    for (const product of this.products)
      await Promise.all(
        [1, 2].flatMap((i) => [this.startProduct(product, 'server', i), this.startProduct(product, 'worker', i)]),
      );
    await Promise.all([0, 1].map((i) => this.startGateway(i)));
  }

  /**
   * For the next run: no rows of the last one, every process up, nobody armed. `listener` hears points and log lines.
   */
  async renew({ random, bug, listener }) {
    this.listener = null;
    await Promise.all([...this.children.values()].map((child) => child.isUp()));
    await this.cluster.wipe();
    await this.flushQueue();
    this.sent = new Map();
    this.webhooks = { once: 0, repeated: 0, late: 0, lost: 0 };
    this.webhookFate = null;
    this.nextWebhooks = [];
    this.webhookChance = random.stream('webhooks');
    for (const child of this.children.values())
      child.settings = { type: 'torture-settings', bug: bug ?? '', stretch: this.stretch };
    for (const child of this.children.values()) child.tell(child.settings);
    this.listener = listener;
  }

  /** Leases and limits of all processes, in this life and the next: so many times as long as TIMES. */
  setTimes(stretch) {
    this.stretch = stretch;
    for (const child of this.children.values()) {
      child.settings = { ...child.settings, stretch };
      child.tell(child.settings);
    }
  }

  async proxy(name, upstreams, isPostgres = false) {
    return new FaultProxy({ name, upstreams, isPostgres }).listen();
  }

  async startDouble() {
    const dataDir = join(this.logs, 'crypto-pay');
    mkdirSync(dataDir);
    const double = this.child(
      'crypto-pay-double',
      'packages/crypto-pay-double/dist/server.js',
      {
        DATA_DIR: dataDir,
        CRYPTO_PAY_TOKEN: this.secrets.cryptoPayToken,
        WEBHOOK_URL: `http://127.0.0.1:${this.relay.address().port}/`,
      },
      'double',
    );
    await double.start();
    this.doubleProxy = await this.proxy('service→crypto-pay', () => [double.port]);
  }

  /** Webhooks pass through here: delivered late, twice, through the other gateway, or lost at first. */
  async startRelay() {
    this.relay = createServer((req, res) => {
      const chunks = [];
      req.on('data', (chunk) => chunks.push(chunk));
      req.on('end', async () => {
        const body = Buffer.concat(chunks);
        const random = this.webhookChance;
        const fate =
          this.webhookFate ??
          this.nextWebhooks.shift() ??
          random.weighted([
            [4, 'once'],
            [3, 'repeated'],
            [2, 'late'],
            [1, 'lost'],
          ]);
        if (fate === 'lost') {
          this.webhooks.lost += 1;
          res.writeHead(502).end();
          return;
        }
        res.writeHead(200).end();
        if (fate === 'late') await new Promise((resolve) => setTimeout(resolve, random.between(1_000, 3_000)));
        this.webhooks[fate] += 1;
        const times = fate === 'repeated' ? 3 : 1;
        await Promise.all(
          Array.from({ length: times }, (_, i) =>
            this.deliver(body, req.headers['crypto-pay-api-signature'], this.origins[i % 2]),
          ),
        );
      });
    });
    await new Promise((resolve) => this.relay.listen(0, '127.0.0.1', resolve));
  }

  async deliver(body, signature, origin) {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        const answer = await fetch(`${origin}${BASE_PATHS[this.products[0]]}/hooks/payments/cryptobot`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'crypto-pay-api-signature': signature },
          body,
          signal: AbortSignal.timeout(3_000),
        });
        await answer.body?.cancel();
        if (answer.ok) return;
      } catch {
        // The next try follows; the poller is there for what never arrives.
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  signWebhook(body) {
    return createHmac('sha256', createHash('sha256').update(this.secrets.cryptoPayToken).digest())
      .update(body)
      .digest('hex');
  }

  async startProduct(product, kind, i) {
    const name = `${product}-${kind}-${i}`;
    const { secrets } = this;
    const child = this.child(
      name,
      `services/${product}/dist/${kind}.js`,
      {
        ...(await this.stores(name, `lumi_${product}`)),
        IDENTITY_PUBLIC_KEYS: publicKeys(secrets.identity),
        CURSOR_SECRET: secrets.cursor,
        PUBLIC_URL: this.origins[0],
        API_MONEY_ENABLED: 'true',
        SANDBOX_PAYMENTS: 'true',
        SANDBOX_TIMEOUT_MS: '700',
        SANDBOX_SLOW_MS: '400',
        SANDBOX_CREATE_MS: '200',
        SANDBOX_ACTION_MS: '100',
        CRYPTO_PAY_URL: `http://127.0.0.1:${this.doubleProxy.port}`,
        CRYPTO_PAY_TOKEN: secrets.cryptoPayToken,
        DATABASE_POOL: '8',
      },
      kind,
    );
    await child.start();
  }

  async startGateway(i) {
    const name = `gateway-${i + 1}`;
    const urls = {};
    for (const product of ['domains', 'vps', 'proxy']) {
      const known = this.products.includes(product) ? product : this.products[0];
      const link = await this.proxy(`${name}→${product}`, () =>
        [1, 2].map((n) => this.children.get(`${known}-server-${n}`).port).filter(Boolean),
      );
      link.onRequestBytes = (chunk) => this.countSent(chunk);
      if (this.products.includes(product)) this.links.service.push(link);
      urls[`${product.toUpperCase()}_URL`] = `http://127.0.0.1:${link.port}`;
    }
    const child = this.child(
      name,
      'gateway/dist/server.js',
      {
        ...(await this.stores(name, 'lumi_gateway')),
        ...urls,
        IDENTITY_PRIVATE_KEY: this.secrets.identity,
        API_MONEY_ENABLED: 'true',
        ROUTES_POLL_MS: '2000',
        UPSTREAM_TIMEOUT_MS: '6000',
        DATABASE_POOL: '4',
      },
      'gateway',
    );
    await child.start();
    this.gatewayPorts[i] = child.port;
  }

  /** What the outside of the gateway sees of it: each request id goes to a service once, unless it is a read. */
  countSent(chunk) {
    const text = chunk.toString('latin1');
    for (const [, method, path, head] of text.matchAll(
      /(POST|PUT|PATCH|DELETE) (\S+) HTTP\/1\.1\r\n([\s\S]*?)\r\n\r\n/g,
    )) {
      const id = /x-request-id: (\S+)/i.exec(head)?.[1];
      if (id !== undefined)
        this.sent?.set(id, { path: `${method} ${path}`, times: (this.sent.get(id)?.times ?? 0) + 1 });
    }
  }

  async stores(name, role) {
    const postgres = await this.proxy(`${name}→postgres`, () => [this.cluster.port], true);
    this.links.postgres.push(postgres);
    const env = {
      DATABASE_URL: this.cluster.urlOf(role, this.database, postgres.port),
      KEY_PEPPERS: this.secrets.peppers,
      SECRET_RING: this.secrets.ring,
      ...(role === 'lumi_gateway'
        ? {}
        : { ADMIN_DATABASE_URL: this.cluster.urlOf('lumi_admin', this.database, postgres.port) }),
    };
    if (!this.useRedis) return env;
    const redis = await this.proxy(`${name}→redis`, () => [this.redis.port]);
    this.links.redis.push(redis);
    return { ...env, REDIS_URL: `redis://127.0.0.1:${redis.port}` };
  }

  child(name, script, env, kind) {
    const child = new Child({
      name,
      script: join(root, script),
      logFile: join(this.logs, `${name}.log`),
      onMessage: (child, message) => this.listener?.onMessage(child, message),
      onLine: (child, line) => this.listener?.onLine(child, line),
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        LOG_LEVEL: 'info',
        ...env,
        TORTURE_ROOT: root,
        TORTURE_TIMES: JSON.stringify(TIMES),
        TORTURE_KIND: kind,
      },
    });
    this.children.set(name, child);
    return child;
  }

  named(pattern) {
    return [...this.children.values()].filter(({ name }) => pattern.test(name));
  }

  allLinks() {
    return [...Object.values(this.links).flat(), this.doubleProxy];
  }

  /** As if the queue had lost everything: Redis flushed, or the queue's tables emptied. */
  async flushQueue() {
    if (this.useRedis) await this.redis.flush();
    else await this.cluster.emptyQueue();
  }

  /** A key of a product, for an account of its own with money, or for the account of another buyer. */
  async makeBuyer({ name, money, dailyCap = null, product = this.products[0], account }) {
    const rings = {
      peppers: secretRing(32).parse(this.secrets.peppers),
      secrets: secretRing(32).parse(this.secrets.ring),
      clock: systemClock,
    };
    const pool = new Pool({ connectionString: this.cluster.url(this.database), max: 1 });
    try {
      const accountId = account?.accountId ?? newId('usr', Date.now());
      if (account === undefined) await pool.query('SELECT platform.create_account($1, $2)', [accountId, name]);
      if (account === undefined && money > 0)
        await pool.query("SELECT platform.adjust($1, $2, $3, 'start', NULL, NULL, NULL)", [
          newId('trf', Date.now()),
          accountId,
          money,
        ]);
      const { key, record } = await issueKey(pool, rings, {
        product,
        type: 'reseller',
        accountId,
        scopes: resellerScopes(product),
        limits: { regularPerMinute: PLENTY, moneyPerMinute: PLENTY },
        dailyCapUnits: dailyCap === null ? null : BigInt(dailyCap),
      });
      return { name, product, key, accountId, lineageId: record.lineageId, dailyCap };
    } finally {
      await pool.end();
    }
  }

  /** May decide what recovery cannot. */
  async makeOperator(product) {
    const rings = {
      peppers: secretRing(32).parse(this.secrets.peppers),
      secrets: secretRing(32).parse(this.secrets.ring),
      clock: systemClock,
    };
    const { key } = await this.cluster.owner(this.database, (client) =>
      issueKey(client, rings, {
        product,
        type: 'operator',
        accountId: null,
        scopes: [],
        limits: { regularPerMinute: PLENTY, moneyPerMinute: PLENTY },
      }),
    );
    return { name: 'operator', product, key, accountId: null };
  }

  query(text, values) {
    return this.cluster.owner(this.database, (client) => client.query(text, values));
  }

  async stop() {
    for (const link of this.allLinks()) link?.silence(false);
    await Promise.all([...this.children.values()].map((child) => child.stop()));
    await Promise.all(this.allLinks().map((link) => link?.close()));
    this.relay?.closeAllConnections();
    this.relay?.close();
    await this.redis?.stop();
  }
}
