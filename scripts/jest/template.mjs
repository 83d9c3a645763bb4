// The template database: every schema migrated once, named after the migrations, cloned by each test file.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, schemas } from '../build.mjs';
import { isAlive } from '../lock.mjs';
import { loadDb } from './load-db.mjs';

/** What test files need to know, as one value: { ownerUrl, template, passwords, runPid }. */
export async function prepareTemplate(ownerUrl) {
  const { migrate, migrateQueue, ensureRoles, ROLES, pg } = loadDb();
  // The same for every run on one cluster, so that runs side by side do not change each other's passwords.
  const secret = createHash('sha256').update(new URL(ownerUrl).password).digest();
  const passwords = Object.fromEntries(ROLES.map((role) => [role, createHmac('sha256', secret).update(role).digest('hex')]));
  const template = `lumi_template_${migrationsHash()}`;
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('lumi test template', 0))`);
    await ensureRoles({ ownerUrl, passwords });
    await dropAbandoned(client);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) await makeTemplate({ client, ownerUrl, template, migrate, migrateQueue, ensureRoles, passwords });
    return { ownerUrl, template, passwords, runPid: process.pid };
  } finally {
    await client.end();
  }
}

/** Runs `work` with the URL of a database that has all migrations, and drops it afterwards. */
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

// Under another name until it is complete: a killed run leaves no half-migrated template.
async function makeTemplate({ client, ownerUrl, template, migrate, migrateQueue, ensureRoles, passwords }) {
  const draft = draftName();
  await client.query(`CREATE DATABASE ${draft} TEMPLATE template0 ENCODING 'UTF8'`);
  const draftUrl = databaseUrl(ownerUrl, draft);
  try {
    await ensureRoles({ ownerUrl: draftUrl, passwords });
    for (const schema of migratableSchemas()) {
      await migrate({ ownerUrl: draftUrl, schema: schema.name, migrationsDir: migrationsDir(schema) });
    }
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

// Databases of test files whose run was killed; their names carry its pid, which means something on this machine only.
async function dropAbandoned(client) {
  if (process.env.TEST_DATABASE_URL) return;
  const { rows } = await client.query(`SELECT datname FROM pg_database WHERE datname ~ '^lumi_test_[0-9]+_'`);
  for (const { datname } of rows) {
    if (!isAlive(Number(datname.split('_')[2]))) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

function databaseUrl(ownerUrl, database) {
  const url = new URL(ownerUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

function migratableSchemas() {
  return schemas.filter((schema) => existsSync(migrationsDir(schema)));
}

function migrationsDir(schema) {
  return join(root, schema.dir, 'migrations');
}

function migrationsHash() {
  const hash = createHash('sha256');
  for (const name of ['roles.ts', 'migrate.ts', 'migrate-queue.ts']) hash.update(readFileSync(join(root, 'packages/shared/src/db', name)));
  for (const schema of migratableSchemas()) {
    hash.update(`${schema.name}\n`);
    for (const name of readdirSync(migrationsDir(schema)).sort()) {
      const file = join(migrationsDir(schema), name, 'migration.sql');
      if (existsSync(file)) hash.update(`${name}\n`).update(readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
