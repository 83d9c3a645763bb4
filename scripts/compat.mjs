// One release beside the next: the commit of infra/compat/previous is built in a temporary folder, and one of each
// product is bought through its processes mixed with today's, on a database with today's schemas. See
// docs/releasing.md. Ends within its bound; skipped with the reason when the clone does not hold that commit.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, root } from './build.mjs';
import { bundle } from './bundle.mjs';
import { Cleanups } from './cleanups.mjs';
import { buildPrevious, findPrevious, platformVersionOf } from './compat/previous.mjs';
import { stackOf } from './errors.mjs';
import { install } from './install.mjs';

const LIMIT_MS = 15 * 60_000;
const cleanups = new Cleanups();
cleanups.watch('compat', LIMIT_MS);

/** @typedef {import('./compat/mixture.mjs').Folders} Folders */

async function main() {
  const { named, missing } = findPrevious();
  if (missing !== null) return console.log(`compat: skipped, because ${missing}.`);
  await install();
  await build();
  await bundle();
  const folder = mkdtempSync(join(tmpdir(), 'lumi-compat-'));
  // As root, PostgreSQL runs as another user and has to pass through.
  chmodSync(folder, 0o755);
  cleanups.later(() => rmSync(folder, { recursive: true, force: true }));
  const previous = join(folder, 'previous');
  mkdirSync(previous);
  console.log(`compat: building ${named} in ${previous}`);
  buildPrevious(named, previous);
  const ground = await startGround(folder);
  const refusal = await refusalOf(previous, ground);
  if (refusal !== null) return console.log(`compat: skipped, as the version rule says: ${refusal}`);
  /** @type {readonly (readonly [string, Folders])[]} */
  const mixtures = [
    ['previous services behind today’s gateway', { gateway: root, servers: previous, workers: previous }],
    ['today’s services behind the previous gateway', { gateway: previous, servers: root, workers: root }],
    ['previous servers beside today’s workers', { gateway: root, servers: previous, workers: root }],
    ['today’s servers beside previous workers', { gateway: root, servers: root, workers: previous }],
  ];
  for (const [number, [name, folders]] of mixtures.entries())
    await sellThrough(name, folders, `mixture-${number}`, ground);
}

/**
 * @param {string} name
 * @param {Folders} folders
 * @param {string} tag
 * @param {import('./compat/mixture.mjs').Ground} ground
 */
async function sellThrough(name, folders, tag, ground) {
  const { Mixture } = await import('./compat/mixture.mjs');
  const { sell } = await import('./sale.mjs');
  const mixture = new Mixture(name, folders, ground);
  const begin = performance.now();
  try {
    await sell(await mixture.start(), (...args) => mixture.lumi(...args), tag);
  } catch (err) {
    await mixture.stop().catch((fault) => console.error(stackOf(fault)));
    throw new Error(`${name}: ${stackOf(err)}`, { cause: err });
  }
  await mixture.stop();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`  ${name}: a domain, a server and a proxy were sold, the books are right (${seconds} s)`);
}

/** A database with today's roles and schemas. @param {string} folder */
async function startGround(folder) {
  const { initCluster, startCluster } = await import('./postgres.mjs');
  const { prepareDatabase } = await import('../packages/launcher/src/database.mjs');
  const { loadSecrets } = await import('../packages/launcher/src/secrets.mjs');
  const secrets = loadSecrets(folder, { hasData: false });
  const dataDir = join(folder, 'postgres');
  const password = secrets.ownerPassword;
  await initCluster({ dataDir, password });
  const cluster = await startCluster({ dataDir, password, logFile: join(folder, 'postgres.log') });
  cleanups.later(() => cluster.stop());
  const ownerUrl = cluster.url('postgres');
  const urlOf = await prepareDatabase({ root, ownerUrl, rolePasswords: secrets.rolePasswords });
  return { folder, secrets, urlOf };
}

/**
 * Why the previous code must not run on today's schema; null when it may.
 *
 * @param {string} previous
 * @param {import('./compat/mixture.mjs').Ground} ground
 */
async function refusalOf(previous, { urlOf }) {
  const own = await platformVersionOf(previous);
  if (own === null) return null;
  const { createRequire } = await import('node:module');
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  /** @type {Pick<typeof import('@lumi/shared/platform-schema'), 'readPlatformSchema' | 'refusalOfPlatform'>} */
  const { readPlatformSchema, refusalOfPlatform } = load('./dist/base/platform-schema/version.js');
  /** @type {typeof import('pg')} */
  const { Client } = load('pg');
  const client = new Client({ connectionString: urlOf('lumi_gateway') });
  await client.connect();
  try {
    return refusalOfPlatform(await readPlatformSchema(client), 'the previous release', own);
  } finally {
    await client.end();
  }
}

await cleanups.whole(main);
