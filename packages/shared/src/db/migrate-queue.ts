// The schema of the job queue on PostgreSQL belongs to BullMQ, which brings its own migrations; the owner runs them, the services use it.
// The queue holds wake-ups only, so services may share its tables: what a job does is decided by rows of `platform`.
import pg from 'pg';

export const QUEUE_SCHEMA = 'queue';

const CONNECT_TIMEOUT_MS = 10_000;
const USERS = 'lumi_domains, lumi_vps, lumi_proxy';

/** Brings the schema `queue` up to the installed BullMQ and grants it to the services. May run again, and at the same time as others. */
export async function migrateQueue(ownerUrl: string): Promise<void> {
  // Loaded here: nobody else who opens a database needs the queue.
  const { runMigrations } = await import('bullmq');
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A lost connection is reported to the query in flight as well. Without a listener it would end the process first.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await runMigrations(client as unknown as Parameters<typeof runMigrations>[0], QUEUE_SCHEMA); // its structural type and pg's overloads do not unify
    await grantToServices(client);
  } finally {
    await client.end();
  }
}

async function grantToServices(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ granted: boolean }>(
    `SELECT bool_and(has_table_privilege('lumi_proxy', c.oid, 'INSERT')) AS granted FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, [QUEUE_SCHEMA]);
  if (rows[0]?.granted === true) return;
  await client.query(`
    SELECT pg_advisory_xact_lock(hashtextextended('lumi migrate queue', 0));
    GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
    GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};`);
}
