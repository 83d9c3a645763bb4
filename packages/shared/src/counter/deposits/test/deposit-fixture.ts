// Fixture of the tests of deposits: a real database, and the real Crypto Pay client with the double over loopback, new
// for every test. Call `depositFixture()` at the top of a test file; the books are audited after every test.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDouble, signBody, type Double } from '@lumi/crypto-pay-double';
import pg from 'pg';
import { newId } from '../../../ground/contract';
import { openDatabase, type Database } from '../../../base/db';
import { fingerprint, type Claim } from '../../../base/idempotency';
import { audit } from '../../../base/ledger';
import { parseUsd } from '../../../ground/money';
import type { Principal } from '../../../base/principal';
import { silentLog } from '../../../ground/runtime';
import { ShiftedClock, testDatabase } from '../../../testing';
import { CRYPTO_PAY_SIGNATURE_HEADER, CryptoPay } from '../crypto-pay';
import { DEPOSIT_RULES } from '../deposit-audit';
import { findDeposit } from '../deposit-reads';
import type { Deposit } from '../deposit-row';
import { createDeposit, takeWebhook, type DepositAnswer, type DepositRequest } from '../deposits';
import { pollDeposits } from '../poller';
import { PaymentProviders, type PaymentProvider } from '../provider';
import type { DepositDeps } from '../reconcile';
import { SandboxPay } from '../sandbox-pay';

export const TOKEN = '1:a-token-for-tests';

export interface Customer {
  readonly accountId: string;
  readonly principal: Principal;
}

/** Set from the first hook on. All but the database is new in every test. */
interface Parts {
  owner: pg.Client;
  db: Database;
  double: Double;
  cryptobot: CryptoPay;
  sandbox: SandboxPay;
  deps: DepositDeps;
  clock: ShiftedClock;
}

export function depositFixture() {
  const database = testDatabase();
  const t = {} as Parts; // filled by the hooks below, before any test reads it
  let dataDir: string;

  beforeAll(async () => {
    t.owner = new pg.Client({ connectionString: database.ownerUrl });
    await t.owner.connect();
    t.db = openDatabase({
      url: database.urlFor('lumi_domains'),
      connections: 10,
      log: silentLog,
      name: 'deposits-test',
    });
  });
  afterAll(async () => {
    await t.db.close();
    await t.owner.end();
  });
  beforeEach(async () => {
    t.clock = new ShiftedClock();
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'deposits-test-'));
    t.double = await createDouble({ dataDir, token: TOKEN });
    t.cryptobot = new CryptoPay({ url: t.double.url, token: TOKEN, timeoutMs: 1_500 });
    t.sandbox = new SandboxPay(t.db.platform, (token) => `http://lumi.test/api/v1/sandbox/pay/${token}`);
    t.deps = {
      db: t.db,
      clock: t.clock,
      log: silentLog,
      providers: new PaymentProviders([t.cryptobot, t.sandbox]),
      defaultCap: null,
    };
  });
  afterEach(async () => {
    await t.deps.providers.close();
    await t.double.stop();
    await rm(dataDir, { recursive: true, force: true });
    expect(await audit(t.db.platform, DEPOSIT_RULES)).toEqual([]);
  });

  async function customer(options: { dailyCap?: bigint; revoked?: boolean } = {}): Promise<Customer> {
    const [accountId, keyId, lineageId] = [
      newId('usr', Date.now()),
      newId('key', Date.now()),
      newId('lin', Date.now()),
    ];
    await t.owner.query('SELECT platform.create_account($1, $2)', [accountId, 'Customer']);
    await t.owner.query(
      `INSERT INTO platform.api_key (id, product, account_id, type, lineage_id, digest, pepper_version, prefix, scopes,
        daily_cap, revoked_at)
       VALUES ($1, 'domains', $2, 'reseller', $3, decode(md5($1), 'hex'), 1, 'lumi_domains_x', '{}', $4, $5)`,
      [keyId, accountId, lineageId, options.dailyCap ?? null, options.revoked === true ? new Date() : null],
    );
    const principal: Principal = {
      product: 'domains',
      keyId,
      type: 'reseller',
      accountId,
      lineageId,
      scopes: ['deposits:write'],
      moneyPerMinute: 20,
      regularPerMinute: 120,
    };
    return { accountId, principal };
  }

  function requestOf(
    who: Customer,
    options: { key?: string; amount?: string; provider?: PaymentProvider; asset?: string } = {},
  ): DepositRequest {
    const amount = options.amount ?? '5.15';
    const claim: Claim = {
      scope: who.accountId,
      product: 'domains',
      key: options.key ?? newId('req', Date.now()),
      requestId: newId('req', Date.now()),
      keyId: who.principal.keyId,
      fingerprint: fingerprint({ method: 'POST', url: '/deposits', body: Buffer.from(amount) }),
    };
    return {
      principal: who.principal,
      accountId: who.accountId,
      claim,
      amount: parseUsd(amount),
      provider: options.provider ?? t.cryptobot,
      asset: options.asset ?? null,
      returnUrl: null,
      reference: null,
      expiresInS: 3_600,
    };
  }

  async function created(who: Customer, options: Parameters<typeof requestOf>[1] = {}): Promise<Deposit> {
    const answer = await createDeposit(t.deps, requestOf(who, options));
    expect(answer.status).toBe(201);
    return find(bodyOf(answer).id);
  }

  function bodyOf(answer: DepositAnswer): { id: string; status: string; amount_usd: string; pay_url: string | null } {
    return JSON.parse(Buffer.from(answer.bytes).toString('utf8')) as ReturnType<typeof bodyOf>;
  }

  async function find(id: string): Promise<Deposit> {
    const deposit = await findDeposit(t.db.platform, { kind: 'all' }, id);
    if (deposit === null) throw new Error('no such deposit');
    return deposit;
  }

  async function pay(deposit: Deposit, asset: 'USDT' | 'TON' = 'USDT'): Promise<void> {
    await t.double.pay(Number.parseInt(deposit.providerInvoiceId ?? '', 10), asset);
  }

  function webhookFor(deposit: Deposit): { body: Buffer; headers: Record<string, string> } {
    const body = Buffer.from(
      JSON.stringify({
        update_id: 1,
        update_type: 'invoice_paid',
        payload: { invoice_id: Number.parseInt(deposit.providerInvoiceId ?? '', 10), status: 'paid' },
      }),
    );
    return { body, headers: { [CRYPTO_PAY_SIGNATURE_HEADER]: signBody(TOKEN, body) } };
  }

  function sendWebhook(deposit: Deposit) {
    const { body, headers } = webhookFor(deposit);
    return takeWebhook(t.deps, t.cryptobot, body, headers);
  }

  /** Moves the poller's time forward, so that waiting deposits are due. */
  async function pollNow(): Promise<void> {
    await t.owner.query('UPDATE platform.deposit SET wake_at = now() WHERE wake_at IS NOT NULL');
    await pollDeposits(t.deps);
  }

  async function balanceOf(who: Customer): Promise<bigint> {
    const { rows } = await t.owner.query<{ posted: string }>(
      'SELECT posted FROM platform.wallet WHERE account_id = $1',
      [who.accountId],
    );
    return BigInt(rows[0]?.posted ?? -1);
  }

  async function invoicesAtProvider(): Promise<number> {
    const answer = await fetch(`${t.double.url}/api/getInvoices?count=1000`, {
      headers: { 'crypto-pay-api-token': TOKEN },
    });
    return ((await answer.json()) as { result: { items: unknown[] } }).result.items.length;
  }

  /** The same provider for the type system; its methods are bound to the real one. */
  function blindOf(provider: CryptoPay): PaymentProvider {
    return {
      terms: t.cryptobot.terms,
      create: (request) => t.cryptobot.create(request),
      lookUp: (deposit) => provider.lookUp(deposit),
      lookUpMany: (ids) => t.cryptobot.lookUpMany(ids),
      cancel: (id) => t.cryptobot.cancel(id),
      verifyWebhook: (body, headers) => t.cryptobot.verifyWebhook(body, headers),
      close: () => t.cryptobot.close(),
    };
  }

  async function providerInvoiceIds(): Promise<string[]> {
    const answer = await fetch(`${t.double.url}/api/getInvoices`, { headers: { 'crypto-pay-api-token': TOKEN } });
    return ((await answer.json()) as { result: { items: { invoice_id: number }[] } }).result.items.map((item) =>
      String(item.invoice_id),
    );
  }

  return {
    t,
    database,
    customer,
    requestOf,
    created,
    bodyOf,
    find,
    pay,
    webhookFor,
    sendWebhook,
    pollNow,
    balanceOf,
    invoicesAtProvider,
    blindOf,
    providerInvoiceIds,
  };
}
