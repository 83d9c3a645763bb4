// Prisma's original schema engine in its WebAssembly form, on one connection of the owner.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PrismaPg } from '@prisma/adapter-pg' with { 'resolution-mode': 'import' };
import type { ColumnType, SqlResultSet } from '@prisma/driver-adapter-utils' with { 'resolution-mode': 'import' };
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

export const CONNECT_TIMEOUT_MS = 10_000;
/** How long a migrator waits for another one, and a migration for a table in use. */
export const LOCK_TIMEOUT_MS = 120_000;
const PG_CHAR = 18;
const PG_TEXT = 25;
const CHAR_MARK = '"char" ';

export interface EngineConnection {
  pool: Pick<pg.ClientBase, 'query'>;
  /** What Postgres reported about the script that failed; the engine's own report lacks detail. */
  scriptError?: unknown;
}

/** Settings of a migrating session: names resolve in the schema, and it may wait longer than a request. */
export function sessionOf(schema: string): string {
  return (
    `SET search_path TO ${pg.escapeIdentifier(schema)}; SET lock_timeout = ${LOCK_TIMEOUT_MS}; SET ` +
    'statement_timeout = 0'
  );
}

export async function withEngine<T>(
  { ownerUrl, schema }: { ownerUrl: string; schema: string },
  work: (engine: SchemaEngine, connection: EngineConnection) => Promise<T>,
): Promise<T> {
  // Prisma is loaded only when it has work; most starts have none.
  const [{ SchemaEngine }, { PrismaPg }, { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum }] = await Promise.all([
    loadEngine(),
    import('@prisma/adapter-pg'),
    import('@prisma/driver-adapter-utils'),
  ]);
  const pool = new pg.Pool({
    connectionString: ownerUrl,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  pool.on('error', rejectsQueryInFlight);
  readCatalogChars(pool);
  const connection: EngineConnection = { pool };
  try {
    // One connection serves the engine to the end, so this applies to all its statements.
    await pool.query(sessionOf(schema));
    const factory = repaired(new PrismaPg(pool, { schema }), connection, ColumnTypeEnum.Character);
    const engine = await SchemaEngine.new(
      { datamodels: undefined },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    try {
      return await work(engine, connection);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

// The adapter splits a script at every semicolon, which breaks function bodies and comments. Postgres takes the whole
// script.
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

// The part of WebAssembly used here. Its types come with the browser's library, which a server should not load.
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(compiled: object, imports: Record<string, object>): Promise<{ exports: Record<string, unknown> }>;
};

// The engine reads the catalogue's one-byte "char" columns, a type that the adapter does not know and refuses. The pool
// returns them as text under a marked name, and the adapter's answer turns them back into the character that the engine
// expects.
function readCatalogChars(pool: pg.Pool): void {
  const query: (...args: [string | pg.QueryConfig, ...unknown[]]) => Promise<pg.QueryResult | pg.QueryResult[]> =
    pool.query.bind(pool);
  const value = async (...args: Parameters<typeof query>): ReturnType<typeof query> => {
    const result = await query(...args);
    // Several statements in one call give several results. Those are scripts, whose rows are not read.
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
    // Where a panic inside the engine leaves its text. Without it the panic appears as a TypeError about this name.
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

// A lost connection is also reported to the query in flight, or to the next one. Without this listener it would end the
// process first.
export function rejectsQueryInFlight(): void {}

// The engine sets a time-out of 10 s for each run and never clears it; it must not keep a finished process alive.
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
