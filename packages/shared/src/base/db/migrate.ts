// Brings one Postgres schema up to its migrations and its function files. Migrations are in Prisma's own format: the
// original schema engine applies them and keeps `_prisma_migrations`, so `prisma migrate deploy` reads the same
// history. Function files are applied again when they change. It needs a direct connection of the owner, because
// session locks and search_path do not work through a transaction pooler.
import { setTimeout } from 'node:timers/promises';
import type { MigrationDirectory, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import {
  applyFunctions,
  describe,
  functionsDiffer,
  FUNCTIONS_TABLE,
  readAppliedFunctions,
  type Session,
} from './functions';
import { readFunctions, type FunctionFile } from './function-files';
import { PLATFORM_SCHEMA, readPlatformSchema } from '../platform-schema';
import { isMadeBefore, mustBeUnedited, readApplied, readMigrations, standForThem, type Migration } from './history';
import {
  CONNECT_TIMEOUT_MS,
  LOCK_TIMEOUT_MS,
  rejectsQueryInFlight,
  sessionOf,
  withEngine,
  type EngineConnection,
} from './schema-engine';

export interface MigrateOptions {
  ownerUrl: string;
  /** The Postgres schema the migrations are written for; created when missing. */
  schema: string;
  /** The folder that holds `<14 digits>_<name>/migration.sql`. */
  migrationsDir: string;
  /** The folder of the functions, each in `<room>/sql/<function>.sql`; undefined: none. */
  functionsDir?: string;
}

export interface DiffMigrationOptions {
  ownerUrl: string;
  schema: string;
  /** The text of schema.prisma: the target. */
  datamodel: string;
}

interface Files {
  migrations: Migration[];
  functions: FunctionFile[];
}

interface Pending {
  /** Written into the history without running it, because the migrations it replaces made the schema. */
  baseline: Migration | undefined;
  migrations: Migration[];
  /** A function file differs from what was applied. */
  hasFunctions: boolean;
  /** Newer code was here: its functions stay, because they belong to its tables. */
  isNewer: boolean;
}

const LOCK_RETRY_MS = 50;
const MIGRATOR_LOCK = 'lumi migrate';

/**
 * Applies the missing migrations and returns their names; none when the schema is up to date (then it runs two queries
 * only). All of it commits together or not at all, so no process sees new tables with old functions. The exception is a
 * migration that creates an index CONCURRENTLY, which Postgres refuses inside a transaction: all before it is committed
 * first. Throws with the name of the migration or the file.
 */
export async function migrate({ ownerUrl, schema, migrationsDir, functionsDir }: MigrateOptions): Promise<string[]> {
  const files = {
    migrations: await readMigrations(migrationsDir),
    functions: functionsDir === undefined ? [] : await readFunctions(functionsDir),
  };
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', rejectsQueryInFlight);
  await client.connect();
  try {
    if (isNothing(await findPending(client, schema, files))) return [];
    await lockOutOtherMigrators(client, schema);
    const pending = await findPending(client, schema, files);
    if (isNothing(pending)) return [];
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
    if (pending.migrations.length > 0)
      return await withEngine({ ownerUrl, schema }, (engine, connection) =>
        applyAll(pending, files, { schema, migrationsDir, engine, connection }),
      );
    await client.query(sessionOf(schema));
    return await applyAll(pending, files, { schema, migrationsDir, connection: { pool: client } });
  } finally {
    await client.end();
  }
}

/**
 * Throws when `migrate` would refuse the history of one of the schemas. Call it before the first of several schemas is
 * migrated: an installation that must first be started with older code must stay as that code left it.
 */
export async function checkHistory(
  ownerUrl: string,
  schemas: readonly Pick<MigrateOptions, 'schema' | 'migrationsDir'>[],
): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', rejectsQueryInFlight);
  await client.connect();
  try {
    for (const { schema, migrationsDir } of schemas)
      await findPending(client, schema, { migrations: await readMigrations(migrationsDir), functions: [] });
  } finally {
    await client.end();
  }
}

/**
 * The SQL that leads from a migrated database to `datamodel`, the text of a schema.prisma; blank when there is no
 * difference. Changes nothing.
 */
export async function diffMigration({ ownerUrl, schema, datamodel }: DiffMigrationOptions): Promise<string> {
  return withEngine({ ownerUrl, schema }, async (engine) => {
    const files = [{ path: 'schema.prisma', content: datamodel }];
    // A table of ours without a model: without this line the draft would drop it.
    const filters = { externalTables: [`${schema}.${FUNCTIONS_TABLE}`], externalEnums: [] };
    const from = { tag: 'schemaDatasource', files, configDir: '/' } as const;
    const { stdout } = await engine.diff({
      from,
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters,
    });
    return stdout === null || stdout.includes('This is an empty migration') ? '' : stdout;
  });
}

async function findPending(db: Session, schema: string, { migrations, functions }: Files): Promise<Pending> {
  const applied = await readApplied(db, schema);
  for (const { name, checksum } of migrations) mustBeUnedited(name, checksum, applied, schema);
  const baseline = migrations.find((migration) => isMadeBefore(migration, applied, schema));
  return {
    baseline,
    migrations: migrations.filter((migration) => migration !== baseline && !applied.has(migration.name)),
    hasFunctions: functionsDiffer(functions, await readAppliedFunctions(db, schema)),
    // A name in the table that is not in the folder is no fault: after a roll-back the code may be older than the
    // database.
    isNewer:
      [...applied.keys()].some((name) =>
        migrations.every((migration) => migration.name !== name && !migration.replaces.has(name)),
      ) ||
      (schema === 'platform' && ((await readPlatformSchema(db))?.version ?? 0) > PLATFORM_SCHEMA.version),
  };
}

function isNothing({ baseline, migrations, hasFunctions, isNewer }: Pending): boolean {
  return baseline === undefined && migrations.length === 0 && (!hasFunctions || isNewer);
}

// It polls the lock instead of waiting for it. A session that waits inside a statement holds a snapshot, and CREATE
// INDEX CONCURRENTLY of the running migrator would wait for that snapshot: a deadlock. So there is one lock for all
// schemas of a database: Prisma's engine has a lock of its own, for which the engine of another schema would wait.
async function lockOutOtherMigrators(client: pg.Client, schema: string): Promise<void> {
  for (let waitedMs = 0; waitedMs <= LOCK_TIMEOUT_MS; waitedMs += LOCK_RETRY_MS) {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
      [MIGRATOR_LOCK],
    );
    if (rows[0]?.taken === true) return;
    await setTimeout(LOCK_RETRY_MS);
  }
  throw new Error(`Other migrations have kept schema ${schema} waiting for over ${LOCK_TIMEOUT_MS / 1000} s.`);
}

interface Work {
  schema: string;
  migrationsDir: string;
  connection: EngineConnection;
  /** Not loaded when there is no migration to apply. */
  engine?: SchemaEngine;
}

async function applyAll(pending: Pending, files: Files, work: Work): Promise<string[]> {
  const { pool: db } = work.connection;
  await db.query('BEGIN');
  try {
    if (pending.baseline !== undefined) await standForThem(db, pending.baseline);
    for (const migration of pending.migrations) {
      const isTransactional = !/\bCONCURRENTLY\b/i.test(migration.sql);
      if (!isTransactional) await db.query('COMMIT');
      await applyMigration(migration, files.migrations, work);
      if (!isTransactional) await db.query('BEGIN');
    }
    // After migrations too, even when no file has changed: a migration may have dropped a table together with its
    // triggers.
    const functions = pending.isNewer ? [] : await applyFunctions(db, work.schema, files.functions);
    await db.query('COMMIT');
    return [
      ...(pending.baseline === undefined ? [] : [pending.baseline.name]),
      ...pending.migrations.map(({ name }) => name),
      ...functions,
    ];
  } catch (err) {
    // A lost connection is rolled back by the server, and its cause is the more useful error.
    await db.query('ROLLBACK').catch(() => undefined);
    throw err;
  }
}

// The engine writes its history row before and after the script. Inside one transaction, a crash between the two or a
// failing script cannot leave a state that a person would have to repair.
async function applyMigration(
  migration: Migration,
  migrations: Migration[],
  { engine, connection, migrationsDir }: Work,
): Promise<void> {
  try {
    await engine?.applyMigrations({
      migrationsList: migrationsUpTo(migrations, migration, migrationsDir),
      filters: { externalTables: [], externalEnums: [] },
    });
  } catch (err) {
    const cause = connection.scriptError ?? err;
    throw new Error(`Migration ${migration.name} failed: ${describe(cause)}`, { cause });
  }
}

function migrationsUpTo(migrations: Migration[], last: Migration, baseDir: string): MigrationList {
  const migrationDirectories: MigrationDirectory[] = migrations
    .slice(0, migrations.indexOf(last) + 1)
    .map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    }));
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories,
  };
}
