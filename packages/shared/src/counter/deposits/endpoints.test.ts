// The deposit endpoints through the real router: validation, reach, the webhook's raw bytes, the sandbox page.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDouble, signBody, type Double } from '@lumi/crypto-pay-double';
import type { Express } from 'express';
import pg from 'pg';
import supertest from 'supertest';
import { Cursors, newId } from '../../ground/contract';
import { openDatabase, type Database } from '../../base/db';
import { mount } from '../endpoint';
import { audit } from '../../base/ledger';
import { MemoryLimitStore } from '../../base/limits';
import {
  IDENTITY_HEADER,
  IdentitySigner,
  IdentityVerifier,
  publicJwks,
  publicPrincipal,
  type Principal,
} from '../../base/principal';
import { silentLog, systemClock } from '../../ground/runtime';
import { testDatabase } from '../../testing';
import { DEPOSIT_RULES } from './deposit-audit';
import { depositEndpoints } from './endpoints';
import { openPaymentProviders } from './open-providers';
import type { PaymentProviders } from './provider';

const TOKEN = '1:a-token-for-tests';
const database = testDatabase();
const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const signer = new IdentitySigner(privateKey, systemClock);
let owner: pg.Client;
let db: Database;
let dataDir: string;
let double: Double;
let providers: PaymentProviders;
let app: Express;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  db = openDatabase({
    url: database.urlFor('lumi_domains'),
    connections: 5,
    log: silentLog,
    name: 'deposit-endpoints-test',
  });
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'deposit-endpoints-'));
  double = await createDouble({ dataDir, token: TOKEN });
  providers = openPaymentProviders({
    db: db.platform,
    product: 'domains',
    publicUrl: 'http://lumi.test',
    cryptoPayUrl: double.url,
    cryptoPayToken: TOKEN,
    sandbox: true,
  });
  app = mount(
    depositEndpoints({
      db,
      clock: systemClock,
      log: silentLog,
      providers,
      defaultCap: null,
      cursors: new Cursors('a secret of at least 32 characters'),
    }),
    {
      product: 'domains',
      verifier: new IdentityVerifier(publicJwks(privateKey), 'domains', systemClock),
      db: db.platform,
      moneyLimits: new MemoryLimitStore(systemClock),
      secrets: { current: 1, byVersion: new Map() },
      clock: systemClock,
      log: silentLog,
      openApi: { title: 'x', description: 'x', version: '1', publicUrl: 'http://lumi.test', tags: [] },
    },
  );
});

afterAll(async () => {
  await providers.close();
  await double.stop();
  await rm(dataDir, { recursive: true, force: true });
  await db.close();
  await owner.end();
});

afterEach(async () => expect(await audit(db.platform, DEPOSIT_RULES)).toEqual([]));

async function reseller(): Promise<Principal> {
  const [accountId, keyId, lineageId] = [newId('usr', Date.now()), newId('key', Date.now()), newId('lin', Date.now())];
  await owner.query('SELECT platform.create_account($1, $2)', [accountId, 'Customer']);
  await owner.query(
    `INSERT INTO platform.api_key (id, product, account_id, type, lineage_id, digest, pepper_version, prefix, scopes)
      VALUES ($1, 'domains', $2, 'reseller', $3, decode(md5($1), 'hex'), 1, 'lumi_domains_x', '{}')`,
    [keyId, accountId, lineageId],
  );
  return {
    product: 'domains',
    keyId,
    type: 'reseller',
    accountId,
    lineageId,
    scopes: ['deposits:write'],
    moneyPerMinute: 100,
    regularPerMinute: 100,
  };
}

const identity = (who: Principal) => ({ [IDENTITY_HEADER]: signer.sign(who, who.keyId) });
const nobody = publicPrincipal('domains');
let keys = 0;

function post(who: Principal, body: object, key = `deposit-key-${String(keys++)}`) {
  return supertest(app).post('/deposits').set(identity(who)).set('idempotency-key', key).send(body);
}

async function create(who: Principal, body: object = {}): Promise<{ id: string; pay_url: string }> {
  const answer = await post(who, { amount_usd: '5', provider: 'sandbox', ...body }).expect(201);
  return answer.body as { id: string; pay_url: string };
}

function get(who: Principal, url: string) {
  return supertest(app).get(url).set(identity(who));
}

describe('POST /deposits', () => {
  it('accepts the example of the contract', async () => {
    const answer = await post(await reseller(), { amount_usd: '5', provider: 'cryptobot' }).expect(201);
    expect(answer.body).toMatchObject({
      status: 'pending',
      amount_usd: '5.00',
      provider: 'cryptobot',
      product: 'domains',
      paid: null,
      is_late: false,
    });
    expect(answer.headers['location']).toBe(`deposits/${(answer.body as { id: string }).id}`);
  });

  it.each<[string, object, string]>([
    ['an amount that is a number', { amount_usd: 5 }, 'amount_usd'],
    ['more than two decimals', { amount_usd: '5.001' }, 'amount_usd'],
    ['less than the provider takes', { amount_usd: '0.99' }, 'amount_usd'],
    ['nothing at all', { amount_usd: '0' }, 'amount_usd'],
    ['more than the provider takes', { amount_usd: '25000.01' }, 'amount_usd'],
    ['an unknown provider', { provider: 'paypal' }, 'provider'],
    ['an asset the provider does not take', { asset: 'DOGE' }, 'asset'],
    ['a return_url that is no web address', { return_url: 'javascript:alert(1)' }, 'return_url'],
    ['a return_url with a user', { return_url: 'https://shop.test@evil.test/' }, 'return_url'],
    ['a return_url with a password', { return_url: 'https://a:b@evil.test/' }, 'return_url'],
    ['a return_url with an empty user', { return_url: 'https://@evil.test/' }, 'return_url'],
    ['a return_url with a line feed', { return_url: 'https://shop.test/\na' }, 'return_url'],
    ['a return_url with a tab', { return_url: 'https://shop\t.test/' }, 'return_url'],
    ['a return_url with a control character', { return_url: 'https://shop.test/\u0085' }, 'return_url'],
    ['a return_url with a backslash', { return_url: 'https://shop.test\\@evil.test/' }, 'return_url'],
    ['too short a time', { expires_in: 59 }, 'expires_in'],
    ['a misspelt field', { ammount: '5' }, 'ammount'],
  ])('refuses %s with 422', async (_what, fault, where) => {
    const answer = await post(await reseller(), { amount_usd: '5', provider: 'cryptobot', ...fault }).expect(422);
    expect(answer.body).toMatchObject({ error: { code: 'validation_error', details: [{ path: where }] } });
  });

  it.each([
    '5,00',
    '.5',
    '5.',
    '1e3',
    '+5',
    '-5',
    ' 5',
    '5 ',
    '٥',
    '0x5',
    '5_0',
    'Infinity',
    'NaN',
    '',
    '5.001',
    '05',
    '1'.repeat(40),
    '5\n',
  ])('refuses the amount %j with 422', async (amount) => {
    const answer = await post(await reseller(), { amount_usd: amount, provider: 'sandbox' }).expect(422);
    expect(answer.body).toMatchObject({
      error: {
        code: 'validation_error',
        details: [{ path: 'amount_usd', message: 'must be a string such as "5.00" with at most 2 decimals' }],
      },
    });
  });

  it('answers a repeat with the same bytes and marks it as a repeat', async () => {
    const who = await reseller();
    const first = await post(who, { amount_usd: '5', provider: 'cryptobot' }, 'the-same-key').expect(201);
    const again = await post(who, { amount_usd: '5', provider: 'cryptobot' }, 'the-same-key').expect(201);
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });
});

describe('GET /deposits', () => {
  it('pages newest first, filters, and shows no other account', async () => {
    const [who, stranger] = [await reseller(), await reseller()];
    const made = [
      await create(who, { reference: 'a' }),
      await create(who, { reference: 'b' }),
      await create(who, { reference: 'a' }),
    ]
      .map(({ id }) => id)
      .reverse();
    await create(stranger);
    const first = (await get(who, '/deposits?limit=2').expect(200)).body as {
      items: { id: string }[];
      next_cursor: string;
      has_more: boolean;
    };
    expect(first.items.map(({ id }) => id)).toEqual(made.slice(0, 2));
    expect(first.has_more).toBe(true);
    const second = (await get(who, `/deposits?limit=2&cursor=${first.next_cursor}`).expect(200)).body as typeof first;
    expect(second).toMatchObject({ items: [{ id: made[2] }], next_cursor: null, has_more: false });
    expect(
      ((await get(who, '/deposits?reference=a&status=pending').expect(200)).body as typeof first).items,
    ).toHaveLength(2);
    await get(stranger, `/deposits?limit=2&cursor=${first.next_cursor}`).expect(422);
  });

  it('gives ids of other accounts, unknown ids and malformed ids the same answer', async () => {
    const [who, stranger] = [await reseller(), await reseller()];
    const { id } = await create(who);
    await get(who, `/deposits/${id}`).expect(200);
    for (const foreign of [id, newId('dep', Date.now()), 'x']) {
      const answer = await get(stranger, `/deposits/${foreign}`).expect(404);
      expect((answer.body as { error: { message: string } }).error.message).toBe('Not found.');
      await supertest(app).post(`/deposits/${foreign}/cancel`).set(identity(stranger)).expect(404);
    }
  });

  it('lists the providers with their limits', async () => {
    const answer = await get(await reseller(), '/deposits/providers').expect(200);
    expect(answer.body).toMatchObject({
      items: [{ provider: 'cryptobot', min_usd: '1.00', max_usd: '25000.00', enabled: true }, { provider: 'sandbox' }],
    });
  });
});

describe('POST /hooks/payments/{provider}', () => {
  const hook = (provider: string, body: string, signature: string) =>
    supertest(app)
      .post(`/hooks/payments/${provider}`)
      .set(identity(nobody))
      .set('content-type', 'application/json')
      .set('crypto-pay-api-signature', signature)
      .send(body);

  it('credits after reading the invoice again, and accepts the same webhook twice', async () => {
    const who = await reseller();
    const { id } = (await post(who, { amount_usd: '5', provider: 'cryptobot' }).expect(201)).body as { id: string };
    const { rows } = await owner.query<{ provider_invoice_id: string }>(
      'SELECT provider_invoice_id FROM platform.deposit WHERE id = $1',
      [id],
    );
    const invoiceId = Number.parseInt(rows[0]?.provider_invoice_id ?? '', 10);
    await double.pay(invoiceId);
    const body = JSON.stringify({ update_type: 'invoice_paid', update_id: 1, payload: { invoice_id: invoiceId } });
    await hook('cryptobot', body, signBody('2:wrong', Buffer.from(body))).expect(401);
    await hook('cryptobot', body, signBody(TOKEN, Buffer.from(body))).expect(200, { ok: true });
    await hook('cryptobot', body, signBody(TOKEN, Buffer.from(body))).expect(200, { ok: true });
    expect((await get(who, `/deposits/${id}`)).body).toMatchObject({
      status: 'credited',
      amount_usd: '5.00',
      paid: { asset: 'USDT', amount: '5' },
    });
  });

  it('is 404 for an unknown provider', async () => {
    await hook('paypal', '{}', '').expect(404);
  });
});

describe('the sandbox pay page', () => {
  it('shows the invoice, pays it by its button, and credits at once', async () => {
    const who = await reseller();
    const { id, pay_url } = await create(who, { return_url: 'https://shop.test/?a="><script>' });
    const at = pay_url.replace('http://lumi.test/api/v1', '');
    const shown = await supertest(app)
      .get(at)
      .set(identity(nobody))
      .expect(200)
      .expect('content-type', 'text/html; charset=utf-8');
    expect(shown.text).toContain('5.00 USD');
    expect(shown.text).toContain('<form method="post">');
    const paid = await supertest(app).post(at).set(identity(nobody)).type('form').send('').expect(200);
    expect(paid.text).toContain('<strong id="state">paid</strong>');
    expect(paid.text).not.toContain('<script>');
    expect((await get(who, `/deposits/${id}`)).body).toMatchObject({ status: 'credited' });
    await supertest(app).post(at).set(identity(nobody)).expect(200);
    const { rows } = await owner.query('SELECT posted FROM platform.wallet WHERE account_id = $1', [who.accountId]);
    expect(rows).toEqual([{ posted: '50000' }]);
  });

  it('is 404 for an unknown token', async () => {
    await supertest(app)
      .get(`/sandbox/pay/${'x'.repeat(32)}`)
      .set(identity(nobody))
      .expect(404);
  });
});
