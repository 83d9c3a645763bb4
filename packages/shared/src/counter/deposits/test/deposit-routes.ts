// The deposit endpoints behind the real router, with a double of Crypto Pay and an account per test.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createDouble, type Double } from '@lumi/crypto-pay-double';
import type { Express } from 'express';
import pg from 'pg';
import supertest from 'supertest';
import { Cursors, newId } from '../../../ground/contract';
import { openDatabase, type Database } from '../../../base/db';
import { mount } from '../../endpoint';
import { audit } from '../../../base/ledger';
import { Readiness } from '../../../base/monitoring';
import { MemoryLimitStore } from '../../../base/limits';
import {
  IDENTITY_HEADER,
  IdentitySigner,
  IdentityVerifier,
  publicJwks,
  publicPrincipal,
  type Principal,
} from '../../../base/principal';
import { silentLog, systemClock } from '../../../ground/runtime';
import { testDatabase } from '../../../testing';
import { DEPOSIT_RULES } from '../deposit-audit';
import { depositEndpoints } from '../endpoints';
import { openPaymentProviders } from '../open-providers';
import type { PaymentProviders } from '../provider';

export const TOKEN = '1:a-token-for-tests';
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
      readiness: new Readiness(),
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

export async function reseller(): Promise<Principal> {
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

export const identity = (who: Principal) => ({ [IDENTITY_HEADER]: signer.sign(who, who.keyId) });
export const nobody = publicPrincipal('domains');
let keys = 0;

export function post(who: Principal, body: object, key = `deposit-key-${String(keys++)}`) {
  return supertest(app).post('/deposits').set(identity(who)).set('idempotency-key', key).send(body);
}

export async function create(who: Principal, body: object = {}): Promise<{ id: string; pay_url: string }> {
  const answer = await post(who, { amount_usd: '5', provider: 'sandbox', ...body }).expect(201);
  return answer.body as { id: string; pay_url: string };
}

export function get(who: Principal, url: string) {
  return supertest(app).get(url).set(identity(who));
}

export const theApp = (): Express => app;
export const theDouble = (): Double => double;
export const rulesBroken = () => audit(db.platform, DEPOSIT_RULES);
export const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[]) => owner.query<Row>(text, values);
