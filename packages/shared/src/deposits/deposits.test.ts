// Deposits on a real database, with the real Crypto Pay client talking to the double over loopback. Whatever happens to a payment,
// it is credited once; whatever a provider does to a request, no second invoice is made. The books are audited after every test.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDouble, signBody, type Double } from '@lumi/crypto-pay-double';
import pg from 'pg';
import { newId } from '../contract';
import { openDatabase, type Database } from '../db';
import { fingerprint, type Claim } from '../idempotency';
import { audit } from '../ledger';
import { parseUsd } from '../money';
import type { Principal } from '../principal';
import { silentLog } from '../runtime';
import { ShiftedClock, testDatabase, until } from '../testing';
import { CRYPTO_PAY_SIGNATURE_HEADER, CryptoPay } from './crypto-pay';
import { DEPOSIT_RULES } from './deposit-audit';
import { creditDeposit, findDeposit, type Deposit } from './deposit-store';
import { cancelDeposit, createDeposit, readDeposit, takeWebhook, type DepositAnswer, type DepositRequest } from './deposits';
import { pollDeposits } from './poller';
import { PaymentProviders, type PaymentProvider } from './provider';
import type { DepositDeps } from './reconcile';
import { SandboxPay } from './sandbox-pay';

const TOKEN = '1:a-token-for-tests';
const database = testDatabase();
let owner: pg.Client;
let db: Database;
let dataDir: string;
let double: Double;
let cryptobot: CryptoPay;
let sandbox: SandboxPay;
let deps: DepositDeps;
let clock: ShiftedClock;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  db = openDatabase({ url: database.urlFor('lumi_domains'), connections: 10, log: silentLog, name: 'deposits-test' });
});

afterAll(async () => {
  await db.close();
  await owner.end();
});

beforeEach(async () => {
  clock = new ShiftedClock();
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'deposits-test-'));
  double = await createDouble({ dataDir, token: TOKEN });
  cryptobot = new CryptoPay({ url: double.url, token: TOKEN, timeoutMs: 1_500 });
  sandbox = new SandboxPay(db.platform, (token) => `http://lumi.test/api/v1/sandbox/pay/${token}`);
  deps = { db, clock, log: silentLog, providers: new PaymentProviders([cryptobot, sandbox]), defaultCap: null };
});

afterEach(async () => {
  await deps.providers.close();
  await double.stop();
  await rm(dataDir, { recursive: true, force: true });
  expect(await audit(db.platform, DEPOSIT_RULES)).toEqual([]);
});

interface Customer {
  readonly accountId: string;
  readonly principal: Principal;
}

async function customer(options: { dailyCap?: bigint; revoked?: boolean } = {}): Promise<Customer> {
  const [accountId, keyId, lineageId] = [newId('usr', Date.now()), newId('key', Date.now()), newId('lin', Date.now())];
  await owner.query('SELECT platform.create_account($1, $2)', [accountId, 'Customer']);
  await owner.query(
    `INSERT INTO platform.api_key (id, product, account_id, type, lineage_id, digest, pepper_version, prefix, scopes, daily_cap, revoked_at)
     VALUES ($1, 'domains', $2, 'reseller', $3, decode(md5($1), 'hex'), 1, 'lumi_domains_x', '{}', $4, $5)`,
    [keyId, accountId, lineageId, options.dailyCap ?? null, options.revoked === true ? new Date() : null],
  );
  const principal: Principal = { product: 'domains', keyId, type: 'reseller', accountId, lineageId, scopes: ['deposits:write'], moneyPerMinute: 20, regularPerMinute: 120 };
  return { accountId, principal };
}

function requestOf(who: Customer, options: { key?: string; amount?: string; provider?: PaymentProvider; asset?: string } = {}): DepositRequest {
  const amount = options.amount ?? '5.15';
  const claim: Claim = {
    scope: who.accountId, product: 'domains', key: options.key ?? newId('req', Date.now()), requestId: newId('req', Date.now()), keyId: who.principal.keyId,
    fingerprint: fingerprint({ method: 'POST', url: '/deposits', body: Buffer.from(amount) }),
  };
  return { principal: who.principal, accountId: who.accountId, claim, amount: parseUsd(amount), provider: options.provider ?? cryptobot, asset: options.asset ?? null, returnUrl: null, reference: null, expiresInS: 3_600 };
}

async function created(who: Customer, options: Parameters<typeof requestOf>[1] = {}): Promise<Deposit> {
  const answer = await createDeposit(deps, requestOf(who, options));
  expect(answer.status).toBe(201);
  return find(bodyOf(answer).id);
}

function bodyOf(answer: DepositAnswer): { id: string; status: string; amount_usd: string; pay_url: string | null } {
  return JSON.parse(Buffer.from(answer.bytes).toString('utf8')) as ReturnType<typeof bodyOf>;
}

async function find(id: string): Promise<Deposit> {
  const deposit = await findDeposit(db.platform, { kind: 'all' }, id);
  if (deposit === null) throw new Error('no such deposit');
  return deposit;
}

async function pay(deposit: Deposit, asset: 'USDT' | 'TON' = 'USDT'): Promise<void> {
  await double.pay(Number.parseInt(deposit.providerInvoiceId ?? '', 10), asset);
}

function webhookFor(deposit: Deposit): { body: Buffer; headers: Record<string, string> } {
  const body = Buffer.from(JSON.stringify({ update_id: 1, update_type: 'invoice_paid', payload: { invoice_id: Number.parseInt(deposit.providerInvoiceId ?? '', 10), status: 'paid' } }));
  return { body, headers: { [CRYPTO_PAY_SIGNATURE_HEADER]: signBody(TOKEN, body) } };
}

function sendWebhook(deposit: Deposit) {
  const { body, headers } = webhookFor(deposit);
  return takeWebhook(deps, cryptobot, body, headers);
}

/** Time passes for the poller: what it waits for is due. */
async function pollNow(): Promise<void> {
  await owner.query('UPDATE platform.deposit SET wake_at = now() WHERE wake_at IS NOT NULL');
  await pollDeposits(deps);
}

async function balanceOf(who: Customer): Promise<bigint> {
  const { rows } = await owner.query<{ posted: string }>('SELECT posted FROM platform.wallet WHERE account_id = $1', [who.accountId]);
  return BigInt(rows[0]?.posted ?? -1);
}

async function invoicesAtProvider(): Promise<number> {
  const answer = await fetch(`${double.url}/api/getInvoices?count=1000`, { headers: { 'crypto-pay-api-token': TOKEN } });
  return ((await answer.json()) as { result: { items: unknown[] } }).result.items.length;
}

describe('making a deposit', () => {
  it('answers with the way to pay, and a repeat gets the same bytes without a second invoice', async () => {
    const who = await customer();
    const first = await createDeposit(deps, requestOf(who, { key: 'deposit-1' }));
    expect(first).toMatchObject({ status: 201, replayOf: null });
    expect(bodyOf(first)).toMatchObject({ status: 'pending', amount_usd: '5.15', provider: 'cryptobot', product: 'domains' });
    expect(bodyOf(first).pay_url).toMatch(/\/pay\/IV/);
    const again = await createDeposit(deps, requestOf(who, { key: 'deposit-1' }));
    expect(again.replayOf).not.toBeNull();
    expect(Buffer.from(again.bytes).equals(first.bytes)).toBe(true);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('lets one of many identical requests through', async () => {
    const who = await customer();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => createDeposit(deps, requestOf(who, { key: 'deposit-1' }))));
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'in_progress' });
    }
    expect(answers.some((answer) => answer.status === 'fulfilled')).toBe(true);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('refuses the same key for another amount', async () => {
    const who = await customer();
    await createDeposit(deps, requestOf(who, { key: 'deposit-1' }));
    await expect(createDeposit(deps, requestOf(who, { key: 'deposit-1', amount: '6' }))).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('refuses a revoked key', async () => {
    await expect(createDeposit(deps, requestOf(await customer({ revoked: true })))).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('is refused once the daily cap is reached, and never counts as spend', async () => {
    const who = await customer({ dailyCap: parseUsd('10') });
    await created(who, { amount: '50' });
    await created(who, { amount: '50' });
    const { rowCount } = await owner.query('SELECT 1 FROM platform.daily_spend WHERE lineage_id = $1', [who.principal.lineageId]);
    expect(rowCount).toBe(0);
    const capped = await customer({ dailyCap: 0n });
    await expect(createDeposit(deps, requestOf(capped, { key: 'deposit-1' }))).rejects.toMatchObject({ code: 'daily_cap_exceeded' });
    await owner.query('UPDATE platform.api_key SET daily_cap = NULL WHERE id = $1', [capped.principal.keyId]);
    expect((await createDeposit(deps, requestOf(capped, { key: 'deposit-1' }))).status).toBe(201); // nothing was remembered
  });

  it('gives the key back when the provider is away: nothing happened', async () => {
    const who = await customer();
    const away = new CryptoPay({ url: 'http://127.0.0.1:1', token: TOKEN });
    await expect(createDeposit(deps, requestOf(who, { key: 'deposit-1', provider: away }))).rejects.toMatchObject({ code: 'service_unavailable' });
    await away.close();
    expect((await createDeposit(deps, requestOf(who, { key: 'deposit-1' }))).status).toBe(201);
  });

  it('stores a refusal of the provider as the answer', async () => {
    const who = await customer();
    const request = { key: 'deposit-1', provider: sandbox, asset: 'TEST_REFUSED' };
    const answer = await createDeposit(deps, requestOf(who, request));
    expect(answer.status).toBe(502);
    const again = await createDeposit(deps, requestOf(who, request));
    expect(again.replayOf).not.toBeNull();
    expect(Buffer.from(again.bytes).equals(answer.bytes)).toBe(true);
  });
});

describe('a create whose answer is lost', () => {
  it('is found at once by our id when the invoice was made', async () => {
    double.faults.createHangsAfterSuccess = 1;
    const answer = await createDeposit(deps, requestOf(await customer()));
    expect(answer.status).toBe(201);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('is 202 while the provider cannot tell, then 201 for every repeat, with one invoice', async () => {
    const who = await customer();
    double.faults.createFailsAfterSuccess = 1;
    const blind = new Proxy(cryptobot, { get: (target, name: keyof CryptoPay) => (name === 'lookUp' ? async () => ({ kind: 'unavailable', cause: new Error('no answer') }) : target[name]) });
    const first = await createDeposit(deps, { ...requestOf(who, { key: 'deposit-1' }), provider: blindOf(blind) });
    expect(first.status).toBe(202);
    expect(bodyOf(first)).toMatchObject({ status: 'created', pay_url: null });
    await expect(createDeposit(deps, requestOf(who, { key: 'deposit-1' }))).rejects.toMatchObject({ code: 'in_progress' });
    await pollNow();
    const again = await createDeposit(deps, requestOf(who, { key: 'deposit-1' }));
    expect(again).toMatchObject({ status: 201 });
    expect(bodyOf(again)).toMatchObject({ id: bodyOf(first).id, status: 'pending' });
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('stays open while the invoice may still be under way, and fails once it certainly was never made', async () => {
    const who = await customer();
    double.faults.createHangsBefore = 1;
    const first = await createDeposit(deps, requestOf(who, { key: 'deposit-1' }));
    expect(first.status).toBe(202);
    await pollNow();
    expect((await find(bodyOf(first).id)).state).toBe('created');
    clock.shiftMs = 121_000;
    await pollNow();
    expect((await find(bodyOf(first).id)).state).toBe('failed');
    expect(await createDeposit(deps, requestOf(who, { key: 'deposit-1' }))).toMatchObject({ status: 502 });
    expect(await invoicesAtProvider()).toBe(0);
  });

  it('is opened and credited by the webhook when the payer is faster than the poller', async () => {
    const who = await customer();
    double.faults.createFailsAfterSuccess = 1;
    const blind = blindOf(new Proxy(cryptobot, { get: (target, name: keyof CryptoPay) => (name === 'lookUp' ? async () => ({ kind: 'unavailable', cause: new Error('no answer') }) : target[name]) }));
    const first = await createDeposit(deps, { ...requestOf(who, { key: 'deposit-1' }), provider: blind });
    const [invoice] = await providerInvoiceIds();
    const deposit = { ...(await find(bodyOf(first).id)), providerInvoiceId: invoice ?? null };
    await pay(deposit);
    expect(await sendWebhook(deposit)).toBe('taken');
    expect((await find(deposit.id)).state).toBe('credited');
    expect(await balanceOf(who)).toBe(51_500n);
    expect(bodyOf(await createDeposit(deps, requestOf(who, { key: 'deposit-1' })))).toMatchObject({ id: deposit.id, status: 'pending' });
  });
});

/** The same provider as far as types go; its methods are bound to the real one. */
function blindOf(provider: CryptoPay): PaymentProvider {
  return {
    terms: cryptobot.terms, create: (request) => cryptobot.create(request), lookUp: (deposit) => provider.lookUp(deposit), lookUpMany: (ids) => cryptobot.lookUpMany(ids),
    cancel: (id) => cryptobot.cancel(id), verifyWebhook: (body, headers) => cryptobot.verifyWebhook(body, headers), close: () => cryptobot.close(),
  };
}

async function providerInvoiceIds(): Promise<string[]> {
  const answer = await fetch(`${double.url}/api/getInvoices`, { headers: { 'crypto-pay-api-token': TOKEN } });
  return ((await answer.json()) as { result: { items: { invoice_id: number }[] } }).result.items.map((item) => String(item.invoice_id));
}

describe('credit', () => {
  it('is the amount asked for, whatever asset and rate it was paid with, and happens once for ever', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit, 'TON');
    expect(await sendWebhook(deposit)).toBe('taken');
    expect(await find(deposit.id)).toMatchObject({ state: 'credited', paidAsset: 'TON', isLate: false });
    expect(await balanceOf(who)).toBe(51_500n);
    const { rows } = await owner.query('SELECT fee_asset, fee_amount FROM platform.deposit WHERE id = $1', [deposit.id]);
    expect(rows[0]).toEqual({ fee_asset: 'TON', fee_amount: '0.04828125' });
    const { rows: events } = await owner.query('SELECT type, data FROM platform.event WHERE subject = $1', [deposit.id]);
    expect(events).toEqual([{ type: 'deposit.credited', data: expect.objectContaining({ amount_usd: '5.15', status: 'credited' }) }]);
  });

  it('survives duplicate webhooks, the poller and readers, all at the same time', async () => {
    const who = await customer();
    const deposits = await Promise.all(Array.from({ length: 5 }, () => created(who)));
    for (const deposit of deposits) await pay(deposit);
    await owner.query('UPDATE platform.deposit SET wake_at = now(), checked_at = NULL WHERE wake_at IS NOT NULL');
    await Promise.all(deposits.flatMap((deposit) => [
      ...Array.from({ length: 5 }, () => sendWebhook(deposit)),
      pollDeposits(deps), pollDeposits(deps),
      readDeposit(deps, { kind: 'all' }, deposit.id, 0), readDeposit(deps, { kind: 'all' }, deposit.id, 0),
      cancelDeposit(deps, { kind: 'all' }, deposit.id).catch((err: unknown) => expect(err).toMatchObject({ code: 'state_conflict' })),
    ]));
    for (const deposit of deposits) expect((await find(deposit.id)).state).toBe('credited');
    expect(await balanceOf(who)).toBe(5n * 51_500n);
    await Promise.all(deposits.map(sendWebhook));
    await pollNow();
    expect(await balanceOf(who)).toBe(5n * 51_500n);
  });

  it('finds a payment whose webhook never came', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('does not believe a webhook: an unpaid invoice is not credited', async () => {
    const who = await customer();
    const deposit = await created(who);
    expect(await sendWebhook(deposit)).toBe('taken');
    expect((await find(deposit.id)).state).toBe('pending');
    expect(await balanceOf(who)).toBe(0n);
  });

  it('takes nothing from a webhook with a wrong signature', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    const { body } = webhookFor(deposit);
    expect(await takeWebhook(deps, cryptobot, body, { [CRYPTO_PAY_SIGNATURE_HEADER]: signBody('2:another', body) })).toBe('forged');
    expect(await takeWebhook(deps, cryptobot, body, {})).toBe('forged');
    expect(await takeWebhook(deps, sandbox, body, {})).toBe('forged');
    expect(await balanceOf(who)).toBe(0n);
    await pollNow();
  });

  it('waits for the poller when the provider cannot be read after a webhook', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    double.faults.callsFail = 1;
    expect(await sendWebhook(deposit)).toBe('taken');
    expect(await balanceOf(who)).toBe(0n);
    await pollDeposits(deps); // woken by the webhook: due without any waiting
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('asks for the webhook again when nothing of ours remembers it', async () => {
    double.faults.callsFail = 1;
    expect(await sendWebhook({ ...(await created(await customer(), { provider: sandbox })), providerInvoiceId: '4242' })).toBe('later');
  });

  it('ignores an invoice that is not ours', async () => {
    const foreign = await cryptobot.create({ depositId: 'something else', amount: parseUsd('9'), expiresInS: 60 });
    if (foreign.kind !== 'done') throw new Error('no invoice');
    const deposit = { ...(await created(await customer(), { provider: sandbox })), providerInvoiceId: foreign.invoice.providerInvoiceId };
    await pay(deposit);
    expect(await sendWebhook(deposit)).toBe('taken');
  });

  it('is refused for an invoice that is not the one asked for, and a person is told', async () => {
    const who = await customer();
    const deposit = await created(who);
    const cheap = await cryptobot.create({ depositId: deposit.id, amount: parseUsd('0.01'), expiresInS: 60 });
    if (cheap.kind !== 'done') throw new Error('no invoice');
    await pay({ ...deposit, providerInvoiceId: cheap.invoice.providerInvoiceId });
    expect(await sendWebhook({ ...deposit, providerInvoiceId: cheap.invoice.providerInvoiceId })).toBe('taken');
    expect((await find(deposit.id)).state).toBe('disputed');
    expect(await balanceOf(who)).toBe(0n);
  });

  it('cannot be had from the database with another invoice, twice, or by editing the row', async () => {
    const who = await customer();
    const deposit = await created(who);
    const payment = { paidAt: new Date(), asset: null, amount: null, feeAsset: null, fee: null };
    const credit = (providerInvoiceId: string) => creditDeposit(db.platform, { deposit, providerInvoiceId, transferId: newId('trf', Date.now()), eventId: newId('evt', Date.now()), description: 'x', payment });
    expect(await credit('1')).toBe('refused');
    expect(await Promise.all(Array.from({ length: 8 }, () => credit(deposit.providerInvoiceId ?? '')))).toEqual(expect.arrayContaining(['credited', 'already']));
    expect(await balanceOf(who)).toBe(51_500n);
    await expect(owner.query(`UPDATE platform.deposit SET state = 'pending', settled_at = NULL, wake_at = now() WHERE id = $1`, [deposit.id])).rejects.toThrow(/cannot change/);
    await expect(owner.query('DELETE FROM platform.deposit')).rejects.toThrow(/append-only/);
    await expect(db.pool.query(`UPDATE platform.deposit SET amount = 1`)).rejects.toThrow(/permission denied/);
  });
});

describe('expiry', () => {
  it('closes an unpaid deposit when the provider says so', async () => {
    const deposit = await created(await customer());
    double.faults.clockOffsetS = 3_700;
    clock.shiftMs = 3_700_000;
    await pollNow();
    expect((await find(deposit.id)).state).toBe('expired');
  });

  it('credits a payment that arrives after the end, by webhook or by poller', async () => {
    const who = await customer();
    const [first, second] = [await created(who), await created(who)];
    double.faults.clockOffsetS = 3_700;
    double.faults.latePayment = true;
    clock.shiftMs = 3_700_000;
    await pollNow();
    await pay(first);
    await pay(second);
    await sendWebhook(first);
    expect(await find(first.id)).toMatchObject({ state: 'credited', isLate: true });
    await pollNow();
    expect(await find(second.id)).toMatchObject({ state: 'credited', isLate: true });
    expect(await balanceOf(who)).toBe(103_000n);
  });
});

describe('cancel', () => {
  it('deletes the invoice at the provider; twice does no harm', async () => {
    const deposit = await created(await customer());
    expect(await cancelDeposit(deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'cancelled' });
    expect(await cancelDeposit(deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'cancelled' });
    expect(await invoicesAtProvider()).toBe(0);
  });

  it('comes back credited when the payment was faster', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    expect(await cancelDeposit(deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'credited' });
    expect(await balanceOf(who)).toBe(51_500n);
    await expect(cancelDeposit(deps, { kind: 'all' }, deposit.id)).rejects.toMatchObject({ code: 'state_conflict' });
  });

  it('loses no money when cancel, payment, webhook and poller run at once', async () => {
    const who = await customer();
    const deposits = await Promise.all(Array.from({ length: 6 }, () => created(who)));
    await Promise.all(deposits.map(async (deposit) => {
      await Promise.allSettled([cancelDeposit(deps, { kind: 'all' }, deposit.id), pay(deposit).then(() => sendWebhook(deposit)), pollDeposits(deps)]);
    }));
    await pollNow();
    const after = await Promise.all(deposits.map((deposit) => find(deposit.id)));
    const paid = await cryptobot.lookUpMany(deposits.map((deposit) => deposit.providerInvoiceId ?? ''));
    if (paid.kind !== 'read') throw new Error('unavailable');
    for (const deposit of after) expect(deposit.state).toBe(paid.invoices.get(deposit.providerInvoiceId ?? '')?.state === 'paid' ? 'credited' : 'cancelled');
    expect(await balanceOf(who)).toBe(BigInt(after.filter((deposit) => deposit.state === 'credited').length) * 51_500n);
  });

  it('changes nothing when the provider cannot do it', async () => {
    const deposit = await created(await customer());
    double.faults.callsFail = 1;
    await expect(cancelDeposit(deps, { kind: 'all' }, deposit.id)).rejects.toMatchObject({ code: 'service_unavailable' });
    expect((await find(deposit.id)).state).toBe('pending');
  });

  it('knows only deposits within reach', async () => {
    const deposit = await created(await customer());
    const stranger = await customer();
    await expect(cancelDeposit(deps, { kind: 'account', accountId: stranger.accountId }, deposit.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(readDeposit(deps, { kind: 'account', accountId: stranger.accountId }, deposit.id, 0)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('reading', () => {
  it('waits for the credit, and asks the provider itself when nobody did', async () => {
    const who = await customer();
    const deposit = await created(who);
    const waiting = readDeposit(deps, { kind: 'all' }, deposit.id, 30);
    await pay(deposit);
    await owner.query('UPDATE platform.deposit SET checked_at = NULL WHERE id = $1', [deposit.id]);
    expect(await waiting).toMatchObject({ state: 'credited' });
  });
});

describe('the sandbox provider', () => {
  it('is paid on its page once, and the poller credits even if the page died in between', async () => {
    const who = await customer();
    const deposit = await created(who, { provider: sandbox });
    const token = deposit.payUrl?.split('/').at(-1) ?? '';
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(await sandbox.pay('x'.repeat(32))).toBeNull();
    expect(await sandbox.pay(token)).toMatchObject({ state: 'paid' });
    expect(await balanceOf(who)).toBe(0n);
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
    expect(await sandbox.pay(token)).toMatchObject({ state: 'paid' });
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('cannot be paid after it was cancelled or has expired', async () => {
    const who = await customer();
    const [cancelled, expired] = [await created(who, { provider: sandbox }), await created(who, { provider: sandbox })];
    await cancelDeposit(deps, { kind: 'all' }, cancelled.id);
    await owner.query(`UPDATE platform.sandbox_invoice SET expires_at = now() WHERE deposit_id = $1`, [expired.id]);
    for (const deposit of [cancelled, expired]) await sandbox.pay(deposit.payUrl?.split('/').at(-1) ?? '');
    await until(async () => {
      await pollNow();
      return (await find(expired.id)).state === 'expired';
    });
    expect(await balanceOf(who)).toBe(0n);
  });
});
