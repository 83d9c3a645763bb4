// A whole gateway in this process, built as its own server does: real PostgreSQL for the keys, real Redis when the run
// has one, a real port. Only the service behind it is made for the test.
import { randomBytes } from 'node:crypto';
import http, { type IncomingHttpHeaders } from 'node:http';
import { Writable } from 'node:stream';
import { Pool } from 'pg';
import { PRODUCTS, newId, type Product } from '@lumi/shared/contract';
import { issueKey, type IssuedKey, type KeyRequest, type KeyRings } from '@lumi/shared/keys';
import { silentLog, systemClock, type Clock } from '@lumi/shared/runtime';
import type { TestDatabase, TestRedis } from '@lumi/shared/testing';
import { createApp } from '../src/app';
import { gatewaySettings, type GatewayConfig } from '../src/config';
import { createListener, type ListenerOptions } from '../src/listener';
import { wire, type Wiring } from '../src/wiring';
import { FakeService } from './fake-service';
import { PRIVATE_KEY } from './identity-key';

const PEPPERS = `1:${randomBytes(32).toString('base64')},2:${randomBytes(32).toString('base64')}`;
const SECRETS = `1:${randomBytes(32).toString('base64')}`;

export interface TestGateway {
  readonly port: number;
  readonly origin: string;
  readonly wiring: Wiring;
  readonly accessLines: string[];
  /** Access lines are written in batches. */
  lines(): readonly Record<string, unknown>[];
  close(): Promise<void>;
}

export interface Fixture {
  readonly services: Readonly<Record<Product, FakeService>>;
  readonly owner: Pool;
  readonly rings: KeyRings;
  newAccount(): Promise<string>;
  newKey(request?: Partial<KeyRequest>): Promise<IssuedKey>;
  gateway(
    env?: Record<string, string | undefined>,
    options?: { clock?: Clock } & Partial<ListenerOptions>,
  ): Promise<TestGateway>;
  close(): Promise<void>;
}

export async function openFixture(
  database: TestDatabase,
  redis: TestRedis | null,
  clock: Clock = systemClock,
): Promise<Fixture> {
  const owner = new Pool({ connectionString: database.ownerUrl, max: 2 });
  const services = {
    domains: new FakeService('domains', clock),
    vps: new FakeService('vps', clock),
    proxy: new FakeService('proxy', clock),
  };
  for (const product of PRODUCTS) await services[product].listen();
  const defaults = {
    DATABASE_URL: database.urlFor('lumi_gateway'),
    DATABASE_DIRECT_URL: database.directUrlFor('lumi_gateway'),
    REDIS_URL: redis?.url,
    REDIS_PREFIX: redis?.prefix,
    DOMAINS_URL: `http://127.0.0.1:${String(services.domains.port)}`,
    VPS_URL: `http://127.0.0.1:${String(services.vps.port)}`,
    PROXY_URL: `http://127.0.0.1:${String(services.proxy.port)}`,
    IDENTITY_PRIVATE_KEY: Buffer.from(String(PRIVATE_KEY)).toString('base64'),
    KEY_PEPPERS: PEPPERS,
    SECRET_RING: SECRETS,
    API_MONEY_ENABLED: 'true',
  };
  const settings = readSettings(defaults);
  const rings = { peppers: settings.KEY_PEPPERS, secrets: settings.SECRET_RING, clock };
  const open = new Set<TestGateway>();
  const newAccount = async (): Promise<string> => {
    const id = newId('usr', clock.nowMs());
    await owner.query('SELECT platform.create_account($1, $2)', [id, 'test']);
    return id;
  };
  return {
    services,
    owner,
    rings,
    newAccount,
    newKey: async (request = {}) => {
      const product = request.product ?? 'domains';
      const type = request.type ?? 'reseller';
      const accountId = request.accountId ?? (type === 'reseller' ? await newAccount() : null);
      const scopes =
        request.scopes ?? (type === 'reseller' ? [`${product}:read`, `${product}:write`, `${product}:buy`] : []);
      return issueKey(owner, rings, { ...request, product, type, accountId, scopes });
    },
    gateway: async (env = {}, options = {}) => {
      const gateway = await startGateway(readSettings({ ...defaults, ...env }), { clock, ...options });
      open.add(gateway);
      return gateway;
    },
    close: async () => {
      for (const gateway of open) await gateway.close();
      for (const product of PRODUCTS) await services[product].close();
      await owner.end();
    },
  };
}

function readSettings(env: Record<string, string | undefined>): GatewayConfig {
  return gatewaySettings.parse(env);
}

async function startGateway(
  config: GatewayConfig,
  options: { clock: Clock } & Partial<ListenerOptions>,
): Promise<TestGateway> {
  const accessLines: string[] = [];
  const accessStream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      accessLines.push(
        ...chunk
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== ''),
      );
      done();
    },
  });
  const wiring = wire({ config, clock: options.clock, log: silentLog, accessStream });
  const listener = createListener(createApp(wiring), { ...wiring, ...options });
  await wiring.start();
  const port = await listener.listen('127.0.0.1', 0);
  let isOpen = true;
  return {
    port,
    wiring,
    accessLines,
    origin: `http://127.0.0.1:${String(port)}`,
    lines: () => {
      wiring.accessLines?.flush();
      return accessLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      listener.server.closeAllConnections();
      await listener.drain(1_000);
      await wiring.stop();
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly code: string | undefined;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly key?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

/** Sends exactly these bytes, without a client's normalisation of paths or headers. */
export function ask(
  gateway: { readonly port: number },
  { method = 'GET', path, key, headers = {}, body }: Ask,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = http.request(
      {
        host: '127.0.0.1',
        port: gateway.port,
        method,
        path,
        agent: false,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, code: codeIn(text) });
        });
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}

function codeIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
}
