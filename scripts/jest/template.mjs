// The template database: every schema migrated once, named by a digest of its inputs, cloned by each test file.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrationFolders, root, schemas } from '../build.mjs';
import { eachRole } from '../database-roles.mjs';
import { isAlive } from '../lock.mjs';
import { loadDb } from './load-db.mjs';

/** @typedef {import('@lumi/shared/db').Role} Role */
/**
 * @typedef {object} Where
 * @property {import('pg').Client} client
 * @property {string} ownerUrl
 * @property {string} template
 * @property {Readonly<Record<Role, string>>} passwords
 */
/** @typedef {Pick<import('./load-db.mjs').Parts, 'migrate' | 'migrateQueue' | 'ensureRoles'>} Migrating */

/**
 * The data that test files need, as one value.
 *
 * @param {string} ownerUrl
 */
export async function prepareTemplate(ownerUrl) {
  const { migrate, migrateQueue, ensureRoles, pg } = loadDb();
  const passwords = passwordsOf(ownerUrl);
  const template = `lumi_template_${migrationsHash()}`;
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('lumi test template', 0))`);
    await ensureRoles({ ownerUrl, passwords });
    await dropAbandoned(client);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0)
      await makeTemplate({ client, ownerUrl, template, migrate, migrateQueue, ensureRoles, passwords });
    return { ownerUrl, template, passwords, runPid: process.pid };
  } finally {
    await client.end();
  }
}

/**
 * The roles' passwords: the same for every run on one cluster, so that runs side by side do not change each other's.
 *
 * @param {string} ownerUrl
 */
export function passwordsOf(ownerUrl) {
  const secret = createHash('sha256').update(new URL(ownerUrl).password).digest();
  return eachRole((role) => createHmac('sha256', secret).update(role).digest('hex'));
}

/**
 * Runs `work` with the URL of a database that has all migrations, and drops it afterwards.
 *
 * @template T
 * @param {string} ownerUrl
 * @param {(url: string) => Promise<T>} work
 */
export async function withMigratedDatabase(ownerUrl, work) {
  const { template } = await prepareTemplate(ownerUrl);
  const { pg } = loadDb();
  const name = draftName();
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return await work(databaseUrl(ownerUrl, name));
  } finally {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.end();
  }
}

/**
 * Under another name until it is complete: a killed run leaves no half-migrated template.
 *
 * @param {Migrating & Where} told
 */
async function makeTemplate({ client, ownerUrl, template, migrate, migrateQueue, ensureRoles, passwords }) {
  const draft = draftName();
  await client.query(`CREATE DATABASE ${draft} TEMPLATE template0 ENCODING 'UTF8'`);
  const draftUrl = databaseUrl(ownerUrl, draft);
  try {
    await ensureRoles({ ownerUrl: draftUrl, passwords });
    for (const schema of schemas) await migrate({ ownerUrl: draftUrl, ...migrationFolders(schema) });
    await migrateQueue(draftUrl);
  } catch (err) {
    await client.query(`DROP DATABASE ${draft} WITH (FORCE)`);
    throw err;
  }
  await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
}

function draftName() {
  return `lumi_test_${process.pid}_${randomBytes(4).toString('hex')}`;
}

/**
 * Databases of test files whose run was killed; their names carry its pid, which means something on this machine only.
 *
 * @param {import('pg').Client} client
 */
async function dropAbandoned(client) {
  if (process.env.TEST_DATABASE_URL) return;
  /** @type {import('pg').QueryResult<{ datname: string }>} */
  const { rows } = await client.query(`SELECT datname FROM pg_database WHERE datname ~ '^lumi_test_[0-9]+_'`);
  for (const { datname } of rows) {
    if (!isAlive(Number(datname.split('_')[2]))) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

/**
 * @param {string} ownerUrl
 * @param {string} database
 */
function databaseUrl(ownerUrl, database) {
  const url = new URL(ownerUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

/** A digest of the template's inputs: the migrating code, migrations and function files. */
function migrationsHash() {
  const hash = createHash('sha256');
  const db = join(root, 'packages/shared/src/base/db');
  for (const name of readdirSync(db).sort())
    if (name.endsWith('.ts') && !name.endsWith('.test.ts')) hash.update(readFileSync(join(db, name)));
  for (const schema of schemas) {
    const { migrationsDir, functionsDir } = migrationFolders(schema);
    for (const dir of [migrationsDir, functionsDir]) {
      for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.sql'))
        .sort())
        hash.update(`${file}\n`).update(readFileSync(join(dir, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
