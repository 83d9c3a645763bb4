// PostgreSQL: version, clock, schemas, size, and work that waits.
import type pg from 'pg';
import { migrationNames } from '../../base/db';
import { readPlatformSchema, refusalOfPlatform } from '../../base/platform-schema';
import type { Clock } from '../../ground/runtime';
import { bytes, fail, ok, span, warn, type Finding } from './finding';

export interface DatabaseLook {
  /** No process of Lumi runs, so nothing is late. */
  readonly isStopped: boolean;
  readonly db: pg.Client;
  readonly clock: Clock;
  /** The folder of the migrations of a schema; null where this installation has none (an image of one product). */
  readonly migrationsOf: (schema: string) => string | null;
}

const OLDEST_VERSION = 150_000;
/** A signed identity lives a minute, signatures of callers five; clocks of one installation differ by milliseconds. */
const CLOCK_WARN_MS = 1_000;
const CLOCK_FAIL_MS = 20_000;

export async function lookAtServer({ db }: DatabaseLook): Promise<Finding> {
  const { rows } = await db.query<{ version: number; name: string; role: string; is_super: boolean; size: string }>(`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
      current_user AS role, rolsuper AS is_super, pg_database_size(current_database()) AS size
    FROM pg_roles WHERE rolname = current_user`);
  const [server] = rows;
  if (server === undefined) return fail('database: PostgreSQL does not know its own user', 'check DATABASE_URL');
  const [version = ''] = server.name.split(' ');
  const what = `database: PostgreSQL ${version} as ${server.role}, ${bytes(Number(server.size))}`;
  if (server.version < OLDEST_VERSION) return fail(what, 'Lumi needs PostgreSQL 15 or newer');
  if (server.is_super)
    return warn(`${what}, a superuser`, 'give DATABASE_URL of lumi_admin: no check of rights holds for a superuser');
  return ok(what);
}

export async function lookAtClock({ db, clock }: DatabaseLook): Promise<Finding> {
  const before = clock.nowMs();
  const { rows } = await db.query<{ ms: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms');
  return clockFinding('PostgreSQL', rows[0]?.ms ?? Number.NaN, before, clock.nowMs());
}

/** The other clock was read between `before` and `after`; half of the way there is assumed. */
export function clockFinding(whose: string, ms: number, before: number, after: number): Finding {
  const apart = Math.abs(ms - (before + after) / 2);
  const what = `clock: ${Math.round(apart)} ms apart from ${whose}`;
  const todo = 'synchronise both machines (chrony or systemd-timesyncd): signatures and leases compare times';
  if (!(apart <= CLOCK_FAIL_MS)) return fail(what, todo);
  return apart > CLOCK_WARN_MS && apart > after - before ? warn(what, todo) : ok(what);
}

export async function lookAtPlatform({ db }: DatabaseLook): Promise<Finding> {
  const found = await readPlatformSchema(db);
  const refusal = refusalOfPlatform(found, 'this release');
  return refusal === null
    ? ok(`schema: the platform has version ${String(found?.version)}, which this release knows`)
    : fail('schema: the platform and this release do not fit', refusal);
}

interface Applied {
  readonly schema: string;
  readonly migrations: readonly string[];
  readonly failed: readonly string[];
}

/** One line for each schema. */
export async function lookAtMigrations({ db, migrationsOf }: DatabaseLook): Promise<readonly Finding[]> {
  const { rows } = await db.query<Applied>('SELECT schema, migrations, failed FROM platform.schema_history()');
  return Promise.all(
    rows.map(async ({ schema, migrations, failed }) => {
      const what = `schema: ${schema}`;
      const migrate = `run \`migrate --product ${schema}\``;
      if (failed.length > 0) return fail(`${what} has a migration that did not end: ${failed.join(', ')}`, migrate);
      if (migrations.length === 0) return fail(`${what} was never migrated`, `${migrate}, or npm start once`);
      const folder = migrationsOf(schema);
      const known = folder === null ? migrations : await migrationNames(folder);
      const missing = known.filter((name) => !migrations.includes(name));
      if (missing.length > 0) return fail(`${what} lacks ${missing.join(', ')}`, `${migrate}, or npm start once`);
      const newer = migrations.filter((name) => !known.includes(name));
      return newer.length === 0
        ? ok(`${what} is at ${migrations.at(-1) ?? ''}`)
        : warn(`${what} has migrations of a newer release: ${newer.join(', ')}`, 'use that release, or know why not');
    }),
  );
}

interface Waiting {
  readonly stuck: number;
  readonly overdue: number;
  readonly operations: number;
  readonly breaches: number;
  readonly late: number;
}

/** What suppliers and operators owe: purchases nobody could end, rounds that did not run. */
export async function lookAtWork({ db, isStopped }: DatabaseLook): Promise<readonly Finding[]> {
  const { rows } = await db.query<Waiting>(`
    SELECT (SELECT count(*)::int FROM platform.orders WHERE state IN ('acting', 'pending') AND stuck_since IS NOT NULL)
        AS stuck,
      (SELECT coalesce(extract(epoch FROM now() - min(wake_at)), 0)::int FROM platform.orders
        WHERE state IN ('acting', 'pending') AND stuck_since IS NULL) AS overdue,
      (SELECT count(*)::int FROM platform.operation WHERE state = 'running' AND stuck_since IS NOT NULL) AS operations,
      (SELECT count(*)::int FROM platform.breach WHERE cleared_at IS NULL) AS breaches,
      (SELECT coalesce(extract(epoch FROM now() - min(next_at)), 0)::int FROM platform.reconciliation) AS late`);
  const { stuck, overdue, operations, breaches, late } = rows[0] ?? EMPTY;
  const wait = `${String(stuck)} purchases and ${String(operations)} operations wait for an operator`;
  return [
    stuck + operations > 0
      ? warn(`suppliers: ${wait}`, 'see GET /admin/operations/open of each product; decide with the supplier')
      : ok(`suppliers: ${wait}`),
    breaches > 0
      ? fail(`books: ${String(breaches)} contradictions stand`, 'see GET /admin/reconciliation, and run lumi audit')
      : ok('books: the last checks found no contradiction'),
    isStopped
      ? ok('workers: Lumi is not running')
      : overdue > 30 || late > 300
        ? fail(
            `workers: recovery is ${span(Math.max(0, overdue))} late, the check of the books ` +
              span(Math.max(0, late)),
            'is a worker of each product running, and does it reach the database? See its log',
          )
        : ok('workers: recovery and the check of the books are on time'),
  ];
}

const EMPTY: Waiting = { stuck: 0, overdue: 0, operations: 0, breaches: 0, late: 0 };
