// The schema of the job queue on PostgreSQL belongs to BullMQ, which has its own migrations. The owner runs them, the
// services use the tables. The queue holds only wake-ups, so services may share its tables: rows of `platform` decide
// what a job does.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';

export const QUEUE_SCHEMA = 'queue';

const PRODUCTS = ['domains', 'vps', 'proxy'] as const;

/** Without a colon, because the queue's backends use colons in their own names. */
export function queueNameOf(product: (typeof PRODUCTS)[number]): string {
  return `jobs-${product}`;
}

const CONNECT_TIMEOUT_MS = 10_000;
const USERS = 'lumi_domains, lumi_vps, lumi_proxy';

/**
 * Brings the schema `queue` up to the installed BullMQ and grants it to the services; one query when that was done
 * before. It may run again, and in several processes at once.
 */
export async function migrateQueue(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A lost connection is also reported to the query in flight. Without this listener it would end the process first.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const wanted = await stateWanted();
    if ((await stateOf(client)) === wanted) return;
    // Loaded here, because no other user of the database needs the queue.
    const { runMigrations } = await import('bullmq');
    // its structural type and pg's overloads do not unify
    await runMigrations(client as unknown as Parameters<typeof runMigrations>[0], QUEUE_SCHEMA);
    await client.query(`${GRANTS} COMMENT ON SCHEMA ${QUEUE_SCHEMA} IS ${client.escapeLiteral(wanted)};`);
  } finally {
    await client.end();
  }
}

/**
 * Stored as the comment of the schema, together with the grants. It is ignored when the grants are missing, as after a
 * restore without them.
 */
async function stateOf(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ state: string | null }>(`
    SELECT obj_description(oid, 'pg_namespace') AS state FROM pg_namespace WHERE nspname = '${QUEUE_SCHEMA}'
      AND has_schema_privilege('lumi_domains', oid, 'USAGE')`);
  return rows[0]?.state ?? null;
}

async function stateWanted(): Promise<string> {
  // every package has one
  const { version } = JSON.parse(await readFile(require.resolve('bullmq/package.json'), 'utf8')) as { version: string };
  return `bullmq ${version}, grants ${createHash('sha256').update(GRANTS).digest('hex').slice(0, 12)}`;
}

/**
 * BullMQ makes the sequence of a queue's job ids at the first job. The services may not create objects, so the owner
 * makes it here. Sent together, these statements are one transaction; the lock prevents two owners from changing one
 * catalogue row at once.
 */
const makeSequence = (product: (typeof PRODUCTS)[number]): string =>
  `EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ${QUEUE_SCHEMA}.' || ` +
  `${QUEUE_SCHEMA}.job_id_seq_name('${queueNameOf(product)}');`;

const GRANTS = `
  SELECT pg_advisory_xact_lock(hashtextextended('lumi migrate queue', 0));
  DO $$ BEGIN ${PRODUCTS.map(makeSequence).join(' ')} END $$;
  GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
  GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};
  GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${QUEUE_SCHEMA} TO ${USERS};`;
