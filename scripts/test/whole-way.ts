// Gateway and domains service in this process, over real sockets, real PostgreSQL and (if the run has one) real Redis: the whole way a caller's
// request takes, with no stand-in on it but the sandbox registrar.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pg from 'pg';
import { Pool as HttpPool } from 'undici';
import { newId, resellerScopes } from '@lumi/shared/contract';
import { DEPOSIT_RULES } from '@lumi/shared/deposits';
import { createHttpServer } from '@lumi/shared/http';
import { issueKey, type KeyRequest } from '@lumi/shared/keys';
import { audit, readBalance, type Breach } from '@lumi/shared/ledger';
import { formatUsd, parseUsd } from '@lumi/shared/money';
import { publicJwks } from '@lumi/shared/principal';
import { createLog, systemClock } from '@lumi/shared/runtime';
import { buildApp, openService, serviceConfig } from '@lumi/shared/service';
import { testDatabase, testRedis } from '@lumi/shared/testing';
import { createApp } from '../../gateway/src/app';
import { gatewaySettings } from '../../gateway/src/config';
import { createListener } from '../../gateway/src/listener';
import { wire as wireGateway } from '../../gateway/src/wiring';
import { domainsAuditRules } from '../../services/domains/src/audit-rules';
import { api, endpoints, wire as wireDomains } from '../../services/domains/src/wiring';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
  readonly headers: Record<string, string | string[] | undefined>;
}

export interface Buyer {
  readonly accountId: string;
  readonly keyId: string;
  readonly key: string;
  readonly signingSecret: string | undefined;
}

const UNLIMITED_PER_MINUTE = 1_000_000;

/** To be called once, at the top of a file. */
export function wholeWay() {
  const database = testDatabase();
  const redis = testRedis();
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const secrets = { KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`, SECRET_RING: `1:${randomBytes(32).toString('base64')}` };
  const shared = { ...secrets, API_MONEY_ENABLED: 'true', ...(redis === null ? {} : { REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix }) };
  const logged: string[] = [];
  const sink = () => new Writable({ write: (chunk: Buffer, _encoding, done) => { logged.push(chunk.toString('utf8')); done(); } });
  const log = createLog({ level: 'debug', process: 'test', stream: sink() });
  const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 4 });
  const rings = { peppers: gatewaySettings.shape.KEY_PEPPERS.parse(secrets.KEY_PEPPERS), secrets: gatewaySettings.shape.SECRET_RING.parse(secrets.SECRET_RING), clock: systemClock };
  const stops: (() => Promise<void>)[] = [];
  let http: HttpPool | undefined;
  let db: ReturnType<typeof openService>['db'] | undefined;

  beforeAll(async () => {
    const config = serviceConfig.parse({
      ...shared, DATABASE_URL: database.urlFor('lumi_domains'), DATABASE_POOL: '16', IDENTITY_PUBLIC_KEYS: Buffer.from(JSON.stringify(publicJwks(pem))).toString('base64'),
      CURSOR_SECRET: randomBytes(32).toString('hex'), PUBLIC_URL: 'http://127.0.0.1:1', SANDBOX_PAYMENTS: 'true',
    });
    const service = openService({ product: 'domains', config, processName: 'domains', log });
    const domains = wireDomains(service, { SANDBOX_TIMEOUT_MS: 1, SANDBOX_SLOW_MS: 1 });
    const server = createHttpServer(buildApp(service, endpoints(domains), api), { clock: systemClock });
    const origin = `http://127.0.0.1:${String(await server.listen('127.0.0.1', 0))}`;
    const wiring = wireGateway({
      clock: systemClock, log, accessStream: sink(),
      config: gatewaySettings.parse({
        ...shared, DATABASE_URL: database.urlFor('lumi_gateway'), DOMAINS_URL: origin, VPS_URL: origin, PROXY_URL: origin, IDENTITY_PRIVATE_KEY: Buffer.from(pem).toString('base64'), KEY_CONCURRENCY: '2000',
      }),
    });
    const listener = createListener(createApp(wiring), { clock: systemClock, accessLines: wiring.accessLines });
    await wiring.start();
    http = new HttpPool(`http://127.0.0.1:${String(await listener.listen('127.0.0.1', 0))}`, { connections: 64, headersTimeout: 25_000, bodyTimeout: 25_000 });
    db = service.db;
    stops.push(
      () => service.close(), async () => { await domains.shared.close(); await domains.db.$disconnect(); }, () => server.drain(2_000), () => wiring.stop(), () => listener.drain(2_000),
    );
  });
  afterAll(async () => {
    await http?.close();
    for (const stop of stops.reverse()) await stop();
    await owner.end();
  });

  const send = async (method: string, path: string, options: { key?: string; idempotencyKey?: string; body?: string; headers?: Record<string, string> } = {}): Promise<Answer> => {
    if (http === undefined) throw new Error('the system has not started');
    const answer = await http.request({
      method: method as 'GET', path,
      headers: {
        ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
        ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, text, body: JSON.parse(text) as unknown, headers: answer.headers };
  };

  return {
    send, owner, logged,
    get: (who: { key: string }, path: string) => send('GET', path, { key: who.key }),
    buy: (who: { key: string }, body: object, idempotencyKey = randomBytes(12).toString('hex')) => send('POST', '/api/v1/domains', { key: who.key, idempotencyKey, body: JSON.stringify(body) }),
    async buyer(options: { balance: string; cap?: string } & Partial<Pick<KeyRequest, 'signing' | 'limits' | 'scopes'>>): Promise<Buyer> {
      const accountId = newId('usr', systemClock.nowMs());
      await owner.query('SELECT platform.create_account($1, $2)', [accountId, 'Test']);
      if (parseUsd(options.balance) > 0n) await owner.query(`SELECT platform.adjust($1, $2, $3, 'test money', NULL, NULL, NULL)`, [newId('trf', systemClock.nowMs()), accountId, parseUsd(options.balance).toString()]);
      const issued = await issueKey(owner, rings, {
        product: 'domains', type: 'reseller', accountId, scopes: options.scopes ?? resellerScopes('domains'), signing: options.signing ?? 'none',
        dailyCapUnits: options.cap === undefined ? null : parseUsd(options.cap), limits: options.limits ?? { regularPerMinute: UNLIMITED_PER_MINUTE, moneyPerMinute: UNLIMITED_PER_MINUTE },
      });
      return { accountId, keyId: issued.id, key: issued.key, signingSecret: issued.signingSecret };
    },
    async money(accountId: string): Promise<{ balance: string; held: string }> {
      if (db === undefined) throw new Error('the system has not started');
      const { posted, held } = await readBalance(db.platform, accountId);
      return { balance: formatUsd(posted), held: formatUsd(held) };
    },
    async breaches(): Promise<Breach[]> {
      if (db === undefined) throw new Error('the system has not started');
      return audit(db.platform, [...DEPOSIT_RULES, ...domainsAuditRules]);
    },
  };
}
