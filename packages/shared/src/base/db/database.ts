// One pool per process, shared by all Prisma clients of that process. Statement and lock time-outs are set on the
// database role; the pool itself never waits without limit. Raw SQL names its schema (`platform.orders`), so any client
// may run it.
import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool, types as defaultTypes, type CustomTypesConfig, type QueryConfig, type QueryResult } from 'pg';
import { databaseSocket, type Log } from '../../ground/runtime';
import { tracePool } from '../tracing';
import { watchPool } from '../monitoring';
import { Prisma, PrismaClient } from './generated/platform/client';

export type PlatformClient = PrismaClient;
export type Sql = Prisma.Sql;
export const sql = Prisma.sql;
export const joinSql = Prisma.join;
export const emptySql = Prisma.empty;
/** Only for names written in our own code; never for input. */
export const rawSql = Prisma.raw;

/** A client that can run SQL: outside a transaction, or a transaction. */
export interface SqlRunner {
  $queryRaw<T = unknown>(query: TemplateStringsArray | Sql, ...values: unknown[]): PromiseLike<T>;
  $executeRaw(query: TemplateStringsArray | Sql, ...values: unknown[]): PromiseLike<number>;
}

declare const insideTransaction: unique symbol;
/**
 * A running transaction. The plain client does not satisfy this type, so a writer cannot be called outside one by
 * mistake.
 */
export type Tx = SqlRunner & { readonly [insideTransaction]: true };

export interface Database {
  readonly pool: Pool;
  readonly platform: PlatformClient;
  /** The pool without Prisma, for the statements of every purchase; see `directRunner`. */
  readonly direct: SqlRunner;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;

export interface DatabaseOptions {
  readonly url: string;
  readonly connections: number;
  readonly log: Log;
  readonly name: string;
  /** Off behind a pooler that cannot keep prepared statements. */
  readonly prepared?: boolean;
}

export function openDatabase(options: DatabaseOptions): Database {
  const pool = tracePool(
    new Pool({
      connectionString: options.url,
      max: options.connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      keepAlive: true,
      stream: databaseSocket,
      application_name: options.name,
    }),
  );
  pool.on('error', (err) => options.log.warn('an idle database connection failed', { err }));
  const unwatch = watchPool(options.name, pool);
  const platform = new PrismaClient(clientOptions(pool, 'platform'));
  return {
    pool,
    platform,
    direct: directRunner(pool, options),
    close: async () => {
      await platform.$disconnect();
      await pool.end();
      unwatch();
    },
  };
}

/**
 * For a product's own generated client on the shared pool. Errors do not quote the calling source: in a bundle that is
 * the whole bundle on one line.
 */
export function clientOptions(pool: Pool, schema: string): { adapter: PrismaPg; errorFormat: 'minimal' } {
  return { adapter: new PrismaPg(pool, { schema, disposeExternalPool: false }), errorFormat: 'minimal' };
}

const PREPARED_MAX = 200;
/** No statement of this name, or one already: refused before anything ran. */
const UNPREPARED = new Set(['26000', '42P05']);
/**
 * Longer than the server's limit for a service's statement (see roles.ts). A longer wait is a wait for a dead
 * connection.
 */
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * Runs statements on the pool itself, each prepared once per connection. Only for the few statements of every purchase:
 * through Prisma the same call costs three times the CPU (160 µs against 50), and planning one of them costs as much as
 * running it. Their text is fixed, and they name their result columns, because a prepared `SELECT *` fails when a
 * migration adds a column.
 *
 * Behind a pooler that gives each statement another connection, a name may be unknown there, or another process may
 * have prepared it. The name is made from the text, so it never stands for another statement. PostgreSQL refuses such a
 * call before it runs anything; it is sent again without a name, and so is everything after it.
 */
function directRunner(pool: Pool, { prepared = true, log }: Pick<DatabaseOptions, 'prepared' | 'log'>): SqlRunner {
  let isPreparing = prepared;
  const names = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    if (!isPreparing) return undefined;
    const known = names.get(text);
    if (known !== undefined || names.size >= PREPARED_MAX) return known;
    const name = `lumi_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    names.set(text, name);
    return name;
  };
  const run = async (query: TemplateStringsArray | Sql, values: readonly unknown[]): Promise<QueryResult> => {
    const statement = isSql(query) ? query : Prisma.sql(query, ...values);
    const name = nameOf(statement.text);
    // Not a setting of the pool: after a time-out Prisma returns a connection as if it were good, possibly with an open
    // transaction. The pool discards it.
    const config: QueryConfig & { query_timeout: number } = {
      text: statement.text,
      values: [...statement.values],
      types: TYPES,
      query_timeout: ANSWER_TIMEOUT_MS,
    };
    if (name === undefined) return pool.query(config);
    try {
      return await pool.query({ ...config, name });
    } catch (err) {
      if (!UNPREPARED.has(databaseCode(err) ?? '')) throw err;
      if (isPreparing)
        log.warn('the pooler before PostgreSQL keeps no prepared statements: none is prepared from now on', {
          setting: 'DATABASE_PREPARED=false',
        });
      isPreparing = false;
      return pool.query(config);
    }
  };
  return {
    $queryRaw: async <T>(query: TemplateStringsArray | Sql, ...values: unknown[]) =>
      (await run(query, values)).rows as T,
    $executeRaw: async (query, ...values) => (await run(query, values)).rowCount ?? 0,
  };
}

/**
 * For code written for a plain connection that shall run inside a transaction: `$1`, `$2` … must each occur once and in
 * this order.
 */
export function queryableOf(runner: SqlRunner): {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
} {
  return {
    query: async (text, values) => {
      const parts = text.split(/\$\d+/);
      const named = [...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]));
      if (named.length !== values.length || named.some((number, i) => number !== i + 1))
        throw new Error('the parameters of this statement are not in order');
      // Raw SQL: it runs statements that its callers wrote.
      return { rows: await runner.$queryRaw<unknown[]>(new Prisma.Sql(parts, values)) };
    },
  };
}

function isSql(query: TemplateStringsArray | Sql): query is Sql {
  return query instanceof Prisma.Sql;
}

/** As Prisma gives them: 64-bit integers are bigint. */
const TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === defaultTypes.builtins.INT8
      ? BigInt
      : // its overloads tell text from binary
        defaultTypes.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
};

const TRANSACTION_ATTEMPTS = 3;
const RETRYABLE = new Set(['40001', '40P01', 'P2034']);

interface TransactionClient {
  $transaction<T>(work: (tx: SqlRunner) => Promise<T>, options: { maxWait: number; timeout: number }): Promise<T>;
}

/**
 * Runs `work` in one transaction and commits it, retrying at most twice when the database asks for it (deadlock,
 * serialization). `work` must not wait for the network: no supplier, no Redis, no HTTP.
 */
export async function inTransaction<T>(db: Pick<Database, 'platform'>, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = db.platform as unknown as TransactionClient; // Prisma's overloads do not unify with our narrower type
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.$transaction((tx) => work(tx as Tx), { maxWait: CONNECT_TIMEOUT_MS, timeout: 10_000 });
    } catch (err) {
      if (attempt >= TRANSACTION_ATTEMPTS || !RETRYABLE.has(databaseCode(err) ?? '')) throw err;
    }
  }
}

/** The SQLSTATE (or Prisma code) of an error, at any depth of wrapping. */
export function databaseCode(err: unknown, depth = 0): string | undefined {
  if (typeof err !== 'object' || err === null || depth > 5) return undefined;
  const { code, originalCode, cause, meta } = err as {
    code?: unknown;
    originalCode?: unknown;
    cause?: unknown;
    meta?: unknown;
  };
  if (typeof originalCode === 'string') return originalCode;
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('P')) return code;
  return (
    databaseCode(meta, depth + 1) ??
    databaseCode((meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError, depth + 1) ??
    databaseCode(cause, depth + 1) ??
    (typeof code === 'string' ? code : undefined)
  );
}
