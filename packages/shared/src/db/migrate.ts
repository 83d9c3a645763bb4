// Brings one Postgres schema up to its migrations, which stay in Prisma's own format: the genuine schema engine, in its
// WebAssembly form, applies them and keeps `_prisma_migrations`, so `prisma migrate deploy` reads the same history.
// Needs a direct connection of the owner: session locks and search_path do not survive a transaction pooler.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PrismaPg } from '@prisma/adapter-pg' with { 'resolution-mode': 'import' };
import type { ColumnType, SqlResultSet } from '@prisma/driver-adapter-utils' with { 'resolution-mode': 'import' };
import type { MigrationDirectory, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

export interface MigrateOptions {
  ownerUrl: string;
  /** The Postgres schema the migrations are written for; created when missing. */
  schema: string;
  /** The folder that holds `<14 digits>_<name>/migration.sql`. */
  migrationsDir: string;
}

export interface DiffMigrationOptions {
  ownerUrl: string;
  schema: string;
  /** The text of schema.prisma, the state to arrive at. */
  datamodel: string;
}

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** How long a migrator waits for another one, and a migration for a table in use. */
const LOCK_TIMEOUT_MS = 120_000;
const LOCK_RETRY_MS = 200;
const PG_CHAR = 18;
const PG_TEXT = 25;
const CHAR_MARK = '"char" ';
const MIGRATOR_LOCK = 'lumi migrate';

/**
 * Applies what is missing and returns the names applied, none when the schema is up to date (then one query is all that
 * happens). Each migration commits whole with its history row or leaves nothing, however it ends; only one that creates an
 * index CONCURRENTLY, which Postgres refuses inside a transaction, runs without. Throws with the name of the migration.
 */
export async function migrate({ ownerUrl, schema, migrationsDir }: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(migrationsDir);
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', rejectsQueryInFlight);
  await client.connect();
  try {
    if ((await findPending(client, schema, migrations)).length === 0) return [];
    await lockOutOtherMigrators(client, schema);
    const pending = await findPending(client, schema, migrations);
    if (pending.length === 0) return [];
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
    await withEngine({ ownerUrl, schema }, async (engine, connection) => {
      for (const migration of pending) await apply(engine, connection, migration, migrationsUpTo(migrations, migration, migrationsDir));
    });
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** The SQL that leads from a migrated database to `datamodel`, the text of a schema.prisma; blank when there is no difference. Changes nothing. */
export async function diffMigration({ ownerUrl, schema, datamodel }: DiffMigrationOptions): Promise<string> {
  return withEngine({ ownerUrl, schema }, async (engine) => {
    const files = [{ path: 'schema.prisma', content: datamodel }];
    const filters = { externalTables: [], externalEnums: [] };
    const from = { tag: 'schemaDatasource', files, configDir: '/' } as const;
    const { stdout } = await engine.diff({ from, to: { tag: 'schemaDatamodel', files }, script: true, exitCode: null, filters });
    return stdout === null || stdout.includes('This is an empty migration') ? '' : stdout;
  });
}

async function readMigrations(dir: string): Promise<Migration[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && /^\d{14}_/.test(entry.name)).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(dir, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

// A name in the table that is not in the folder is no fault: the code may be older than the database during a roll-back.
async function findPending(client: pg.Client, schema: string, migrations: Migration[]): Promise<Migration[]> {
  const applied = await readApplied(client, schema);
  for (const { name, checksum } of migrations) {
    const known = applied.get(name);
    if (known !== undefined && known !== checksum) {
      throw new Error(`Migration ${name} of schema ${schema} was edited after it had been applied. Restore the file and write a new migration instead.`);
    }
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

async function readApplied(client: pg.Client, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      `SELECT migration_name, checksum FROM ${client.escapeIdentifier(schema)}._prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    return new Map(rows.map((row) => [row.migration_name, row.checksum]));
  } catch (err) {
    // 42P01: no such table, 3F000: no such schema. Both mean that nothing was ever applied here.
    if (err instanceof Error && 'code' in err && (err.code === '42P01' || err.code === '3F000')) return new Map();
    throw err;
  }
}

// Asked for again and again instead of waited for: a session that waits inside a statement holds a snapshot, and
// CREATE INDEX CONCURRENTLY of the migrator at work would wait for that one, a deadlock.
async function lockOutOtherMigrators(client: pg.Client, schema: string): Promise<void> {
  for (let waitedMs = 0; waitedMs <= LOCK_TIMEOUT_MS; waitedMs += LOCK_RETRY_MS) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken', [`${MIGRATOR_LOCK} ${schema}`]);
    if (rows[0]?.taken === true) return;
    await setTimeout(LOCK_RETRY_MS);
  }
  throw new Error(`Another process has been migrating schema ${schema} for over ${LOCK_TIMEOUT_MS / 1000} s.`);
}

function migrationsUpTo(migrations: Migration[], last: Migration, baseDir: string): MigrationList {
  const migrationDirectories: MigrationDirectory[] = migrations.slice(0, migrations.indexOf(last) + 1).map(({ name, sql }) => ({
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

// The engine writes its history row before and after the script. Inside one transaction a crash between the two, or a
// failing script, cannot leave a half-known state that a person would have to resolve by hand.
async function apply(engine: SchemaEngine, connection: EngineConnection, migration: Migration, migrationsList: MigrationList): Promise<void> {
  const isTransactional = !/\bCONCURRENTLY\b/i.test(migration.sql);
  if (isTransactional) await connection.pool.query('BEGIN');
  try {
    await engine.applyMigrations({ migrationsList, filters: { externalTables: [], externalEnums: [] } });
    if (isTransactional) await connection.pool.query('COMMIT');
  } catch (err) {
    if (isTransactional) await connection.pool.query('ROLLBACK');
    const cause = connection.scriptError ?? err;
    throw new Error(`Migration ${migration.name} failed: ${messageOf(cause)}`, { cause });
  }
}

interface EngineConnection {
  pool: pg.Pool;
  /** What Postgres said about the script that failed; the engine's own report of it lacks detail. */
  scriptError?: unknown;
}

async function withEngine<T>({ ownerUrl, schema }: { ownerUrl: string; schema: string }, work: (engine: SchemaEngine, connection: EngineConnection) => Promise<T>): Promise<T> {
  // Prisma is loaded only when there is something for it to do, which at most starts there is not.
  const [{ SchemaEngine }, { PrismaPg }, { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum }] = await Promise.all([loadEngine(), import('@prisma/adapter-pg'), import('@prisma/driver-adapter-utils')]);
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1, idleTimeoutMillis: 0, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  pool.on('error', rejectsQueryInFlight);
  readCatalogChars(pool);
  const connection: EngineConnection = { pool };
  try {
    // One connection serves the engine to the end, so this holds for everything it sends.
    await pool.query(`SET search_path TO ${pg.escapeIdentifier(schema)}; SET lock_timeout = ${LOCK_TIMEOUT_MS}; SET statement_timeout = 0`);
    const factory = repaired(new PrismaPg(pool, { schema }), connection, ColumnTypeEnum.Character);
    const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, bindMigrationAwareSqlAdapterFactory(factory));
    try {
      return await work(engine, connection);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

// The adapter cuts a script at every semicolon, which breaks function bodies and comments. Postgres takes it whole.
function repaired(factory: PrismaPg, connection: EngineConnection, character: ColumnType): PrismaPg {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => restoreChars(await queryRaw(query), character);
    adapter.executeScript = async (script) => {
      try {
        await connection.pool.query(script);
      } catch (err) {
        connection.scriptError ??= err;
        throw err;
      }
    };
    return adapter;
  };
  return factory;
}

// The part of WebAssembly used here: its types come with the browser's library, which does not belong in a server.
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(compiled: object, imports: Record<string, object>): Promise<{ exports: Record<string, unknown> }>;
};

// The engine reads the catalogue's one-byte "char" columns, a type the adapter does not know and refuses. The pool passes
// them off as text under a marked name, and the adapter's answer turns them back into the character the engine expects.
function readCatalogChars(pool: pg.Pool): void {
  const query: (...args: [string | pg.QueryConfig, ...unknown[]]) => Promise<pg.QueryResult | pg.QueryResult[]> = pool.query.bind(pool);
  const value = async (...args: Parameters<typeof query>): ReturnType<typeof query> => {
    const result = await query(...args);
    // Several statements in one call give several results; those are scripts, whose rows nobody reads.
    for (const field of Array.isArray(result) ? [] : result.fields.filter(({ dataTypeID }) => dataTypeID === PG_CHAR)) {
      field.dataTypeID = PG_TEXT;
      field.name = CHAR_MARK + field.name;
    }
    return result;
  };
  Object.defineProperty(pool, 'query', { value });
}

function restoreChars(result: SqlResultSet, character: ColumnType): SqlResultSet {
  const isChar = result.columnNames.map((name) => name.startsWith(CHAR_MARK));
  return {
    ...result,
    columnNames: result.columnNames.map((name, i) => (isChar[i] ? name.slice(CHAR_MARK.length) : name)),
    columnTypes: result.columnTypes.map((type, i) => (isChar[i] ? character : type)),
  };
}

type EngineModule = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');
let engineModule: Promise<EngineModule> | undefined;

function loadEngine(): Promise<EngineModule> {
  engineModule ??= (async () => {
    // Where a panic inside the engine leaves its text; without it the panic shows as a TypeError about this very name.
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: throwPanic } });
    const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
    const file = join(dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')), 'schema_engine_bg.wasm');
    const compiled = await WebAssembly.compile(await readFile(file));
    const instance = await WebAssembly.instantiate(compiled, { './schema_engine_bg.js': withQuietTimers(bindings) });
    bindings.__wbg_set_wasm(instance.exports);
    const start = instance.exports['__wbindgen_start'];
    if (typeof start === 'function') start();
    return bindings;
  })();
  return engineModule;
}

// A lost connection is reported to the query in flight, or the next one, as well. Without a listener it would end the process first.
function rejectsQueryInFlight(): void {}

// The engine arms a time-out of 10 s for each run and never clears it; that must not keep a finished process alive.
function withQuietTimers(bindings: EngineModule): Record<string, unknown> {
  const imports = Object.entries(bindings).map(([name, binding]): [string, unknown] => {
    if (!name.startsWith('__wbg_setTimeout_')) return [name, binding];
    return [name, (run: () => void, delayMs: number) => globalThis.setTimeout(run, delayMs >>> 0).unref()];
  });
  return Object.fromEntries(imports);
}

function throwPanic(message: string): never {
  throw new Error(`Prisma's schema engine panicked: ${message}`);
}

function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const { detail, hint, position } = err as { detail?: string; hint?: string; position?: string };
  return [err.message, detail, hint, position === undefined ? undefined : `at character ${position}`].filter(Boolean).join('; ');
}
