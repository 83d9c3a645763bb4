// A service on a database of its own, without a gateway: identities are signed here as the gateway signs them. All
// parts behind the identity are real: role, functions, limits, purchase engine.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { newId, resellerScopes, type Product } from '../ground/contract';
import { inTransaction } from '../base/db';
import type { Endpoint, InternalRoute } from '../counter/endpoint';
import { issueKey, type KeyRings, type Signing } from '../base/keys';
import { adjustWallet, audit, readBalance, type Balance, type Breach } from '../base/ledger';
import { parseUsd } from '../ground/money';
import { IDENTITY_HEADER, IdentitySigner, publicJwks, publicPrincipal, type Principal } from '../base/principal';
import { BOOK_RULES } from '../house-keeping/reconciliation';
import { silentLog, systemClock, type Clock, type Log } from '../ground/runtime';
import { buildApp, openService, serviceConfig, type Service } from '../house-keeping/service';
import { testDatabase, type TestDatabase } from './test-database';
import { testRedis } from './test-redis';

export interface TestServiceOptions {
  readonly product?: Product;
  /** Called once, at the top of the file. */
  readonly endpoints: (service: Service) => readonly Endpoint[];
  /** Called once, after `endpoints`. */
  readonly internal?: () => readonly InternalRoute[];
  /** Settings, in the form of the environment. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface TestKey {
  readonly keyId: string;
  /** The bearer token. */
  readonly key: string;
  readonly signingSecret: string | null;
  readonly principal: Principal;
}

export interface TestAccount extends TestKey {
  readonly accountId: string;
}

export interface KeyOptions {
  readonly scopes?: readonly string[];
  /** USD, such as `"5"`; absent: none. */
  readonly cap?: string;
  readonly signing?: Signing;
  readonly moneyPerMinute?: number;
  readonly regularPerMinute?: number;
}

export interface AccountOptions extends KeyOptions {
  /** USD; `"100"` if absent. */
  readonly balance?: string;
  readonly name?: string;
}

export interface TestService {
  readonly service: Service;
  readonly app: ReturnType<typeof buildApp>;
  readonly database: TestDatabase;
  readonly rings: KeyRings;
  /** In the form of the environment: another process with them is one more of this service. */
  readonly settings: Readonly<Record<string, string>>;
  /** A new account with money and a reseller key. */
  account(options?: AccountOptions): Promise<TestAccount>;
  /** Another key of the same account. */
  keyOf(accountId: string, options?: KeyOptions): Promise<TestAccount>;
  operator(options?: Pick<KeyOptions, 'moneyPerMinute' | 'regularPerMinute' | 'signing'>): Promise<TestKey>;
  /** Headers of a request by this key; `public` = no key at all. */
  as(who: { readonly principal: Principal } | 'public'): Record<string, string>;
  /** The same for a money request; a fresh Idempotency-Key if none is named. */
  asMoney(who: { readonly principal: Principal }, idempotencyKey?: string): Record<string, string>;
  balance(accountId: string): Promise<Balance>;
  /** Breaches in the books; must be `[]` after every test that moved money. */
  audit(): Promise<Breach[]>;
}

/** So high that a test never reaches a limit by accident. */
const UNLIMITED_PER_MINUTE = 1_000_000;

/** Call it at the top of a test file, outside hooks; it closes itself. */
export function testService(options: TestServiceOptions): TestService {
  const product = options.product ?? 'domains';
  const clock = options.clock ?? systemClock;
  const database = testDatabase();
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const settings = { ...testSettings(database, product, pem), ...options.settings };
  const config = serviceConfig.parse(settings);
  const service = openService({
    product,
    config,
    processName: `test-${product}`,
    clock,
    log: options.log ?? silentLog,
  });
  afterAll(() => service.close());
  const api = { title: 'Test', description: 'Test', version: '0.0.0', tags: [] };
  const app = buildApp(service, options.endpoints(service), api, options.internal?.());
  const signer = new IdentitySigner(pem, clock);
  const rings: KeyRings = { peppers: config.KEY_PEPPERS, secrets: config.SECRET_RING, clock };

  // One after the other: a test that makes a hundred accounts at once must not use up the pool that it tests next.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const as: TestService['as'] = (who) => {
    const principal = who === 'public' ? publicPrincipal(product) : who.principal;
    return { [IDENTITY_HEADER]: signer.sign(principal, JSON.stringify(principal)) };
  };
  const keyOf: TestService['keyOf'] = async (accountId, keyOptions = {}) => ({
    ...(await makeKey({ service, rings, accountId, options: keyOptions })),
    accountId,
  });
  return {
    service,
    app,
    database,
    rings,
    settings,
    as,
    keyOf,
    asMoney: (who, idempotencyKey = randomBytes(12).toString('hex')) => ({
      ...as(who),
      'idempotency-key': idempotencyKey,
    }),
    account: (accountOptions = {}) =>
      inTurn(async () => keyOf(await makeAccount(service, accountOptions), accountOptions)),
    operator: (keyOptions = {}) => makeKey({ service, rings, accountId: null, options: keyOptions }),
    balance: (accountId) => readBalance(service.db.platform, accountId),
    audit: () => audit(service.admin.platform, BOOK_RULES),
  };
}

/** Jest's, in a test file. Its global types are not for the library's sources. */
declare const afterAll: (hook: () => Promise<void>) => void;

function testSettings(database: TestDatabase, product: Product, pem: string): Record<string, string> {
  const redis = testRedis();
  return {
    DATABASE_URL: database.urlFor(`lumi_${product}`),
    DATABASE_DIRECT_URL: database.directUrlFor(`lumi_${product}`),
    ADMIN_DATABASE_URL: database.urlFor('lumi_admin'),
    ...(redis === null ? {} : { REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix }),
    IDENTITY_PUBLIC_KEYS: Buffer.from(JSON.stringify(publicJwks(pem))).toString('base64'),
    KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`,
    SECRET_RING: `1:${randomBytes(32).toString('base64')}`,
    CURSOR_SECRET: randomBytes(32).toString('hex'),
    PUBLIC_URL: 'http://lumi.test',
    API_MONEY_ENABLED: 'true',
  };
}

async function makeAccount(service: Service, options: AccountOptions): Promise<string> {
  const accountId = newId('usr', service.clock.nowMs());
  const amount = parseUsd(options.balance ?? '100');
  await service.admin.pool.query('SELECT platform.create_account($1, $2)', [accountId, options.name ?? 'Test']);
  if (amount > 0n) {
    await inTransaction(service.admin, (tx) =>
      adjustWallet(tx, service.clock, {
        accountId,
        amount,
        reason: 'test money',
        product: null,
        keyId: null,
        idempotencyKey: null,
      }),
    );
  }
  return accountId;
}

async function makeKey(input: {
  service: Service;
  rings: KeyRings;
  accountId: string | null;
  options: KeyOptions;
}): Promise<TestKey> {
  const {
    service: { product, admin },
    rings,
    accountId,
    options,
  } = input;
  const isOperator = accountId === null;
  const scopes = isOperator ? [...resellerScopes(product), 'admin:*'] : (options.scopes ?? resellerScopes(product));
  const issued = await issueKey(admin.pool, rings, {
    product,
    type: isOperator ? 'operator' : 'reseller',
    accountId,
    scopes,
    signing: options.signing ?? 'none',
    dailyCapUnits: options.cap === undefined ? null : parseUsd(options.cap),
    limits: { moneyPerMinute: options.moneyPerMinute ?? null, regularPerMinute: options.regularPerMinute ?? null },
  });
  const principal: Principal = {
    product,
    keyId: issued.id,
    type: issued.record.type,
    accountId,
    lineageId: issued.record.lineageId,
    scopes,
    moneyPerMinute: options.moneyPerMinute ?? UNLIMITED_PER_MINUTE,
    regularPerMinute: options.regularPerMinute ?? UNLIMITED_PER_MINUTE,
    // The gateway has checked the signature; a test's request has none, so the service assumes it.
    ...(issued.record.signing === 'none' ? {} : { signature: 'checked' }),
  };
  return { keyId: issued.id, key: issued.key, signingSecret: issued.signingSecret ?? null, principal };
}
