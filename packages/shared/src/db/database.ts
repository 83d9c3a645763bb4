// One pool per process, shared by every Prisma client of that process. Statement and lock time-outs are set on the database role;
// the pool itself never waits for ever. Raw SQL names its schema (`platform.orders`), so any client may run it.
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import type { Log } from '../runtime';
import { Prisma, PrismaClient } from './generated/platform/client';

export type PlatformClient = PrismaClient;
export type Sql = Prisma.Sql;
export const sql = Prisma.sql;
export const joinSql = Prisma.join;
export const emptySql = Prisma.empty;
/** For names written in our own code only; never for anything that came from outside. */
export const rawSql = Prisma.raw;

/** Anything that can run SQL: a client outside a transaction, or a transaction. */
export interface SqlRunner {
  $queryRaw<T = unknown>(query: TemplateStringsArray | Sql, ...values: unknown[]): PromiseLike<T>;
  $executeRaw(query: TemplateStringsArray | Sql, ...values: unknown[]): PromiseLike<number>;
}

declare const insideTransaction: unique symbol;
/** A running transaction. The plain client does not satisfy this type, so a writer cannot be called outside one by mistake. */
export type Tx = SqlRunner & { readonly [insideTransaction]: true };

export interface Database {
  readonly pool: Pool;
  readonly platform: PlatformClient;
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
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    application_name: options.name,
  });
  pool.on('error', (err) => options.log.warn('an idle database connection failed', { err }));
  const platform = new PrismaClient(clientOptions(pool, 'platform', options.prepared !== false));
  return {
    pool,
    platform,
    close: async () => {
      await platform.$disconnect();
      await pool.end();
    },
  };
}

/** For a product's own generated client on the shared pool. Errors without the source around the call: in a bundle that is all of it on one line. */
export function clientOptions(pool: Pool, schema: string, prepared = false): { adapter: PrismaPg; errorFormat: 'minimal' } {
  return { adapter: new PrismaPg(pool, { schema, disposeExternalPool: false, ...(prepared ? { statementNameGenerator: preparedNames() } : {}) }), errorFormat: 'minimal' };
}

/**
 * Marks a statement to be prepared once per connection: planning the two statements of a purchase costs as much as running them. Only for
 * statements with a fixed text that name their result columns: a prepared `SELECT *` breaks when a migration adds a column.
 */
export const preparedMark = Prisma.raw('/*prepared*/ ');
const MARK = '/*prepared*/';
const PREPARED_MAX = 200;

function preparedNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql: text }) => {
    const known = names.get(text);
    if (known !== undefined) return known;
    if (!text.startsWith(MARK) || names.size >= PREPARED_MAX) return UNPREPARED;
    const name = `lumi_${String(names.size)}`;
    names.set(text, name);
    return name;
  };
}

/** The empty name is PostgreSQL's unnamed statement: parsed anew each time. */
const UNPREPARED = '';

const TRANSACTION_ATTEMPTS = 3;
const RETRYABLE = new Set(['40001', '40P01', 'P2034']);

interface TransactionClient {
  $transaction<T>(work: (tx: SqlRunner) => Promise<T>, options: { maxWait: number; timeout: number }): Promise<T>;
}

/**
 * Runs `work` in one transaction and commits it, retrying at most twice when the database asks for it (deadlock, serialization).
 * `work` must not wait for the network: no supplier, no Redis, no HTTP.
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

/** The SQLSTATE (or Prisma code) behind an error, however deep it is wrapped. */
export function databaseCode(err: unknown, depth = 0): string | undefined {
  if (typeof err !== 'object' || err === null || depth > 5) return undefined;
  const { code, originalCode, cause, meta } = err as { code?: unknown; originalCode?: unknown; cause?: unknown; meta?: unknown };
  if (typeof originalCode === 'string') return originalCode;
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('P')) return code;
  return databaseCode(meta, depth + 1) ?? databaseCode((meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError, depth + 1) ?? databaseCode(cause, depth + 1) ?? (typeof code === 'string' ? code : undefined);
}
