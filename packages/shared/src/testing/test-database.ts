// A database for one test file, cloned from the migrated template of the run. Connections that are still open at the
// end fail the file: a process that cannot close its pool cannot shut down either.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { roleUrl, type Role } from '../base/db/roles';
import { afterFile } from './after-file';
import { until } from './until';
import { faultsOfEvents } from './written-events';

export interface TestDatabase {
  /**
   * Superuser of the cluster and owner of the schemas: to prepare and to inspect data, never for the code under test.
   */
  ownerUrl: string;
  urlFor(role: Role): string;
  /** Past the pooler, if the run has one. */
  directUrlFor(role: Role): string;
  /** Drops the database; throws when a connection is still open. Called automatically at the end of the file. */
  close(): Promise<void>;
}

interface Cluster {
  ownerUrl: string;
  template: string;
  passwords: Record<Role, string>;
  /** The process of the run: the next run drops databases whose run is gone. */
  runPid: number;
}

interface Session {
  usename: string;
  application_name: string;
  state: string | null;
  query: string;
}

/** Jest's, in a test file. Its global types are not for the library's sources. */
declare const beforeAll: (hook: () => Promise<void>) => void;

const CLOSING_MAX_MS = 3_000;

/**
 * Call it at the top of a test file, outside hooks. The URLs exist at once; the database is made in a beforeAll, so it
 * exists in every hook and test defined after the call.
 */
export function testDatabase(): TestDatabase {
  const { database, create } = draft();
  beforeAll(create);
  return database;
}

/** The same for a call inside a hook or a test. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { database, create } = draft();
  await create();
  return database;
}

function draft(): { database: TestDatabase; create: () => Promise<void> } {
  const cluster = readCluster();
  const name = `lumi_test_${cluster.runPid}_${randomBytes(8).toString('hex')}`;
  const url = new URL(cluster.ownerUrl);
  url.pathname = `/${name}`;
  const ownerUrl = url.toString();
  let isOpen = false;
  const database: TestDatabase = {
    ownerUrl,
    directUrlFor: (role) => roleUrl(ownerUrl, role, cluster.passwords[role]),
    urlFor: (role) => throughPooler(roleUrl(ownerUrl, role, cluster.passwords[role])),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      const faults = await faultsOfEvents(ownerUrl);
      await withOwner(cluster, (owner) => drop(owner, name));
      if (faults.length > 0) throw new Error(`Events that are not as the catalogue says:\n${faults.join('\n')}`);
    },
  };
  const create = async (): Promise<void> => {
    await withOwner(cluster, (owner) => owner.query(`CREATE DATABASE ${name} TEMPLATE ${cluster.template}`));
    isOpen = true;
    afterFile(database.close);
  };
  return { database, create };
}

/** LUMI_TEST_POOLER_PORT: a PgBouncer before the cluster, on loopback (scripts/test-many.mjs). */
const poolerPort = process.env['LUMI_TEST_POOLER_PORT'];

function throughPooler(address: string): string {
  if (poolerPort === undefined) return address;
  const url = new URL(address);
  url.port = poolerPort;
  return url.toString();
}

async function drop(owner: pg.Client, name: string): Promise<void> {
  // A pooler keeps connections of its own after its clients have closed theirs.
  const leaked = poolerPort === undefined ? await openAfterAWhile(owner, name) : [];
  await owner.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (leaked.length === 0) return;
  const list = leaked.map(
    ({ usename, application_name, state, query }) =>
      `  ${usename} ${application_name} (${state ?? 'starting'}): ${query.slice(0, 120)}`,
  );
  throw new Error(
    `${leaked.length} connection(s) were still open at the end of the file. Close pools and processes in ` +
      `afterAll.\n${list.join('\n')}`,
  );
}

/** A server notices a closed socket a moment later than the client that closed it. */
async function openAfterAWhile(owner: pg.Client, name: string): Promise<Session[]> {
  const areGone = async () => (await sessionsOf(owner, name)).length === 0;
  return until(areGone, { timeoutMs: CLOSING_MAX_MS }).then(
    () => [],
    () => sessionsOf(owner, name),
  );
}

async function sessionsOf(owner: pg.Client, name: string): Promise<Session[]> {
  const { rows } = await owner.query<Session>(
    `SELECT usename, application_name, state, query FROM pg_stat_activity WHERE datname = $1
      AND backend_type = 'client backend'`,
    [name],
  );
  return rows;
}

async function withOwner(cluster: Cluster, work: (owner: pg.Client) => Promise<unknown>): Promise<void> {
  const owner = new pg.Client({ connectionString: cluster.ownerUrl });
  await owner.connect();
  try {
    await work(owner);
  } finally {
    await owner.end();
  }
}

function readCluster(): Cluster {
  const cluster = process.env['LUMI_TEST_CLUSTER'];
  if (cluster === undefined)
    throw new Error('No test cluster: run tests with the jest configuration at the root (npm test, or npx jest path).');
  return JSON.parse(cluster) as Cluster;
}
