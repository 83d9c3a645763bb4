// The content of a backup, read from one snapshot of the database: sales go on meanwhile, and the backup holds all of
// each or none of it.
import { to as copyTo } from 'pg-copy-streams';
import { rowsFrame, toldFrame } from './frames.mjs';
import { nameOf, SCHEMAS, sequencesOf, sqlOf, tablesOf } from './tables.mjs';

const NEWLINE = 10;

/**
 * @param {object} told
 * @param {import('pg').Client} told.client the owner's
 * @param {Pick<import('./frames.mjs').Manifest, 'installation' | 'lumi'>} told.about
 * @param {unknown} [told.secrets] to be kept in the backup
 * @param {(line: string) => void} told.say
 * @param {AbortSignal} told.signal the user stops it
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* dump({ client, about, secrets, say, signal }) {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // The first statement takes the snapshot.
  const { rows: stated } = await client.query('SELECT version, serves FROM platform.platform_schema()');
  yield toldFrame({
    manifest: {
      ...about,
      made_at: new Date().toISOString(),
      platform: stated[0] ?? null,
      migrations: await migrationsOf(client),
    },
  });
  /** @type {Record<string, number>} */
  const counts = {};
  const tables = await tablesOf(client);
  for (const [number, head] of tables.entries()) {
    yield toldFrame({ head });
    let count = 0;
    const copy = client.query(copyTo(`COPY ${sqlOf(head)} TO STDOUT`));
    for await (const piece of copy) {
      for (const byte of piece) if (byte === NEWLINE) count += 1;
      signal.throwIfAborted();
      yield rowsFrame(piece);
    }
    counts[nameOf(head)] = count;
    say(`${number + 1} of ${tables.length} tables: ${nameOf(head)}, ${count} rows`);
  }
  // No part of the snapshot, and never behind it: a number is given out once, also to a sale that is not in the backup.
  const sequences = await sequencesOf(client);
  await client.query('COMMIT');
  yield toldFrame({ end: { rows: counts, sequences, ...(secrets === undefined ? {} : { secrets }) } });
}

/** @param {import('pg').Client} client */
async function migrationsOf(client) {
  /** @type {Record<string, Record<string, string>>} */
  const all = {};
  for (const schema of SCHEMAS) {
    const { rows } = await client.query(
      `SELECT migration_name AS name, checksum FROM ${schema}._prisma_migrations
        WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1`,
    );
    all[schema] = Object.fromEntries(rows.map(({ name, checksum }) => [name, checksum]));
  }
  return all;
}
