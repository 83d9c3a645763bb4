// The demo: one account with sandbox money, and for each product one reseller and one operator key. Made once; the keys
// are kept in demo.json (mode 0600), because the database holds only their digests and they cannot be shown a second
// time.
import { chmodSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { codeOf } from '../../../scripts/errors.mjs';
import { exists, writeAtomically } from './data-folder.mjs';
import { BASE_PATHS, PRODUCTS } from './processes.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('./options.mjs').Product} Product */
/** @typedef {import('./secrets.mjs').Secrets} Secrets */
/** @typedef {import('@lumi/shared/admin').DemoKeys} DemoKeys */
/** @typedef {{ gateway: string; products: Record<Product, DemoKeys & { base: string }> }} Demo */

/**
 * Null when there is none yet. Read before anything slow: a damaged file is refused at once.
 *
 * @param {string} folder
 * @returns {Demo | null}
 */
export function readDemo(folder) {
  const file = join(folder, 'demo.json');
  if (!exists(file)) return null;
  chmodSync(file, 0o600);
  try {
    /** @type {Demo} judged below */
    const demo = JSON.parse(readFileSync(file, 'utf8'));
    const keys = PRODUCTS.flatMap((product) => [
      demo.products[product].operator.key,
      demo.products[product].reseller.key,
      demo.products[product].reseller.user_id,
    ]);
    if (!keys.every((key) => typeof key === 'string')) throw new SyntaxError('a key is missing');
    return demo;
  } catch (err) {
    if (['EACCES', 'EPERM'].includes(codeOf(err) ?? '')) throw err;
    throw new Refusal(
      `${file} is damaged; delete it and start again: new demo keys are made then, nothing else is lost.`,
    );
  }
}

/**
 * Returns the demo for this start's address, seeding what is missing.
 *
 * @param {object} told
 * @param {string} told.root
 * @param {string} told.folder
 * @param {string} told.ownerUrl
 * @param {Secrets} told.secrets
 * @param {string} told.gatewayUrl
 * @param {Demo | null} told.known
 * @returns {Promise<Demo>}
 */
export async function seedDemo({ root, folder, ownerUrl, secrets, gatewayUrl, known }) {
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  /** @type {typeof import('pg')} */
  const { Client } = load('pg');
  const client = new Client({ connectionString: ownerUrl });
  client.on('error', () => undefined); // A lost connection is reported to the query in flight.
  await client.connect();
  try {
    const products =
      known !== null && (await accountExists(client, known))
        ? known.products
        : await makeDemo({ client, load, secrets });
    const demo = { gateway: gatewayUrl, products: withBases(products, gatewayUrl) };
    const text = `${JSON.stringify(demo, null, 2)}\n`;
    if (JSON.stringify(demo) !== JSON.stringify(known)) writeAtomically(join(folder, 'demo.json'), text);
    return demo;
  } finally {
    await client.end();
  }
}

// The file may be older than the database: the database was moved away, or DATABASE_URL names another one.
/**
 * @param {import('pg').Client} client
 * @param {Demo} demo
 */
async function accountExists(client, demo) {
  const { rowCount } = await client.query('SELECT 1 FROM platform.account WHERE id = $1', [
    demo.products.domains.reseller.user_id,
  ]);
  return rowCount === 1;
}

// If the process dies after the commit and before demo.json is written, the next start finds the account and makes new
// keys for it, and no second deposit.
/** @param {{ client: import('pg').Client; load: NodeJS.Require; secrets: Secrets }} told */
async function makeDemo({ client, load, secrets }) {
  /** @type {Pick<typeof import('@lumi/shared/admin'), 'seedDemo'>} */
  const { seedDemo: seed } = load('./dist/house-keeping/admin/seed.js');
  /** @type {typeof import('@lumi/shared/runtime')} */
  const { secretRing, systemClock } = load('./dist/ground/runtime/index.js');
  return seed(client, {
    peppers: secretRing(32).parse(secrets.keyPeppers),
    secrets: secretRing(32).parse(secrets.secretRing),
    clock: systemClock,
  });
}

/**
 * @param {Readonly<Record<Product, DemoKeys>>} products
 * @param {string} gatewayUrl
 * @returns {Demo['products']}
 */
function withBases(products, gatewayUrl) {
  /** @param {Product} product */
  const one = (product) => ({
    base: `${gatewayUrl}${BASE_PATHS[product]}`,
    operator: products[product].operator,
    reseller: products[product].reseller,
  });
  return { domains: one('domains'), vps: one('vps'), proxy: one('proxy') };
}
