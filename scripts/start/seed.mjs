// The demo: one account with sandbox money, and for each product one reseller and one operator key. Made once; the keys are kept in
// demo.json (mode 0600), because the database holds only their digests and they cannot be shown a second time.
import { chmodSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { exists, writeAtomically } from './data-folder.mjs';
import { BASE_PATHS, PRODUCTS } from './processes.mjs';
import { Refusal } from './refusal.mjs';

const ACCOUNT_NAME = 'Demo';
const DEPOSIT_UNITS = '10000000'; // 1000.00 USD in units of 1/10,000
const DEPOSIT_REASON = 'sandbox money of the demo account';

/** Null when there is none yet. Read before anything slow: a damaged file is refused at once. */
export function readDemo(folder) {
  const file = join(folder, 'demo.json');
  if (!exists(file)) return null;
  chmodSync(file, 0o600);
  try {
    const demo = JSON.parse(readFileSync(file, 'utf8'));
    const keys = PRODUCTS.flatMap((product) => [demo.products[product].operator.key, demo.products[product].reseller.key, demo.products[product].reseller.user_id]);
    if (!keys.every((key) => typeof key === 'string')) throw new SyntaxError('a key is missing');
    return demo;
  } catch (err) {
    if (err.code === 'EACCES' || err.code === 'EPERM') throw err;
    throw new Refusal(`${file} is damaged; delete it and start again: new demo keys are made then, nothing else is lost.`);
  }
}

/** Returns the demo for this start's address, seeding what is missing. */
export async function seedDemo({ root, folder, ownerUrl, secrets, gatewayUrl, known }) {
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  const { Client } = load('pg');
  const client = new Client({ connectionString: ownerUrl });
  client.on('error', () => undefined); // A lost connection is reported to the query in flight.
  await client.connect();
  try {
    const isKnown = known !== null && (await accountExists(client, known));
    const products = isKnown ? known.products : await makeDemo({ client, load, secrets });
    const demo = { gateway: gatewayUrl, products: withBases(products, gatewayUrl) };
    const text = `${JSON.stringify(demo, null, 2)}\n`;
    if (JSON.stringify(demo) !== JSON.stringify(known)) writeAtomically(join(folder, 'demo.json'), text);
    return demo;
  } finally {
    await client.end();
  }
}

// The file may be older than the database: somebody moved the database away, or named another one by DATABASE_URL.
async function accountExists(client, demo) {
  const { rowCount } = await client.query('SELECT 1 FROM platform.account WHERE id = $1', [demo.products.domains.reseller.user_id]);
  return rowCount === 1;
}

// One transaction. If the process dies after its commit and before demo.json is written, the next start finds the account and
// makes new keys for it, and no second deposit.
async function makeDemo({ client, load, secrets }) {
  const { issueKey } = load('./dist/keys/index.js');
  const { newId, resellerScopes } = load('./dist/contract/index.js');
  const { secretRing, systemClock } = load('./dist/runtime/index.js');
  const rings = { peppers: secretRing(16).parse(secrets.keyPeppers), secrets: secretRing(32).parse(secrets.secretRing), clock: systemClock };
  await client.query('BEGIN');
  try {
    const accountId = await demoAccount(client, newId);
    const products = {};
    for (const product of PRODUCTS) {
      const operator = await issueKey(client, rings, { product, type: 'operator', accountId: null, scopes: ['admin:*'] });
      const reseller = await issueKey(client, rings, { product, type: 'reseller', accountId, scopes: resellerScopes(product) });
      products[product] = { operator: { key: operator.key }, reseller: { user_id: accountId, key: reseller.key } };
    }
    await client.query('COMMIT');
    return products;
  } catch (err) {
    await client.query('ROLLBACK').catch(() => undefined); // The first error is the one to tell.
    throw err;
  }
}

async function demoAccount(client, newId) {
  const { rows } = await client.query('SELECT id FROM platform.account WHERE name = $1 ORDER BY created_at LIMIT 1', [ACCOUNT_NAME]);
  if (rows.length > 0) return rows[0].id;
  const accountId = newId('usr', Date.now());
  await client.query('SELECT platform.create_account($1, $2)', [accountId, ACCOUNT_NAME]);
  await client.query('SELECT platform.adjust($1, $2, $3::bigint, $4, NULL, NULL, NULL)', [newId('trf', Date.now()), accountId, DEPOSIT_UNITS, DEPOSIT_REASON]);
  return accountId;
}

function withBases(products, gatewayUrl) {
  return Object.fromEntries(
    PRODUCTS.map((product) => [product, { base: `${gatewayUrl}${BASE_PATHS[product]}`, operator: products[product].operator, reseller: products[product].reseller }]),
  );
}
