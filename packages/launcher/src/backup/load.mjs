// Brings the content of a backup into a new, empty database: first the tables as the backup's migrations made them,
// then the rows, then what today's code has added since.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { migrationFolders, schemas } from '../../../../scripts/build.mjs';
import { Refusal } from '../refusal.mjs';
import { isOfSupplier, nameOf, quoted, sequencesOf, sqlOf, tablesOf } from './tables.mjs';

/** @typedef {import('./frames.mjs').Manifest} Manifest */
/** @typedef {import('./frames.mjs').End} End */
/** @typedef {import('pg').Client} Client */

/**
 * Refuses a backup with migrations that this code does not have.
 *
 * @param {Manifest} manifest
 * @param {string} root
 */
export function mustKnowMigrations({ migrations, lumi }, root) {
  for (const schema of schemas) {
    const { migrationsDir } = migrationFolders(schema, root);
    const known = new Set(readdirSync(migrationsDir));
    for (const [name, checksum] of Object.entries(migrations[schema.name] ?? {})) {
      const isSame = known.has(name) && checksumOf(join(migrationsDir, name, 'migration.sql')) === checksum;
      if (!isSame)
        throw new Refusal(
          `The backup was made by another Lumi (${lumi}): this one does not have its migration ${name} of schema ` +
            `${schema.name}. Restore it with the Lumi that made it, or a newer one. Nothing was changed.`,
        );
    }
  }
}

/**
 * The roles, which the tables' grants name, and the tables as the backup had them, without functions and triggers.
 *
 * @param {object} told
 * @param {Manifest} told.manifest
 * @param {string} told.root
 * @param {string} told.ownerUrl
 * @param {Readonly<Record<import('@lumi/shared/db').Role, string>>} told.passwords
 */
export async function makeTables({ manifest, root, ownerUrl, passwords }) {
  const load = createRequire(join(root, 'packages', 'shared', 'package.json'));
  /** @type {Pick<typeof import('@lumi/shared/db'), 'ensureRoles' | 'migrate'>} file by file, as database.mjs does */
  const { ensureRoles, migrate } = { ...load('./dist/base/db/roles.js'), ...load('./dist/base/db/migrate.js') };
  await ensureRoles({ ownerUrl, passwords });
  for (const schema of schemas) {
    const { migrationsDir } = migrationFolders(schema, root);
    const chosen = mkdtempSync(join(tmpdir(), 'lumi-restore-'));
    try {
      for (const name of Object.keys(manifest.migrations[schema.name] ?? {}))
        cpSync(join(migrationsDir, name), join(chosen, name), { recursive: true });
      await migrate({ ownerUrl, schema: schema.name, migrationsDir: chosen });
    } finally {
      rmSync(chosen, { recursive: true, force: true });
    }
  }
}

/**
 * All rows, in one transaction. Rows that migrations wrote give way. Checks between tables are off: the backup is one
 * snapshot of a database that had them on.
 *
 * @param {Client} client the owner's, a superuser
 * @param {AsyncIterable<import('./frames.mjs').Frame>} frames
 * @param {(line: string) => void} say
 * @param {AbortSignal} signal
 * @returns {Promise<End>}
 */
export async function loadRows(client, frames, say, signal) {
  await client.query('BEGIN');
  await client.query(`SET LOCAL session_replication_role = 'replica'`);
  const present = (await tablesOf(client)).map(({ schema, table }) => `${quoted(schema)}.${quoted(table)}`);
  await client.query(`TRUNCATE ${present.join(', ')}`);
  /** @type {{ name: string; copy: import('pg-copy-streams').CopyStreamQuery } | null} */
  let open = null;
  /** @type {Record<string, number>} */
  const counts = {};
  const finish = async () => {
    if (open === null) return;
    open.copy.end();
    await finished(open.copy);
    counts[open.name] = open.copy.rowCount;
    open = null;
  };
  for await (const frame of frames) {
    signal.throwIfAborted();
    if ('rows' in frame) {
      if (open === null) throw new Error('rows before the name of their table');
      await write(open.copy, frame.rows);
      continue;
    }
    await finish();
    if ('head' in frame.told) {
      const { head } = frame.told;
      say(`${nameOf(head)} …`);
      open = { name: nameOf(head), copy: copyInto(client, head) };
    }
    if ('end' in frame.told) {
      const { end } = frame.told;
      for (const [name, count] of Object.entries(end.rows))
        if (counts[name] !== count) throw new Error(`${name}: ${counts[name]} rows instead of ${count}`);
      await setSequences(client, end.sequences);
      await client.query('COMMIT');
      return end;
    }
  }
  throw new Error('the backup has no end');
}

/**
 * What the sandbox suppliers recorded goes on as it is now: they are outside of Lumi, and a restore does not take back
 * what they did. Returns the number of their records.
 *
 * @param {{ from: Client; into: Client }} told
 */
export async function keepSuppliersRecords({ from, into }) {
  const there = new Map((await tablesOf(into)).map((head) => [nameOf(head), head]));
  let records = 0;
  await into.query('BEGIN');
  await into.query(`SET LOCAL session_replication_role = 'replica'`);
  for (const head of (await tablesOf(from)).filter(isOfSupplier)) {
    const target = there.get(nameOf(head));
    if (target === undefined) continue;
    const both = { ...head, columns: head.columns.filter((column) => target.columns.includes(column)) };
    await into.query(`TRUNCATE ${quoted(head.schema)}.${quoted(head.table)}`);
    const copy = copyInto(into, both);
    for await (const piece of from.query(copyTo(`COPY ${sqlOf(both)} TO STDOUT`))) await write(copy, piece);
    copy.end();
    await finished(copy);
    records += copy.rowCount;
  }
  const now = await sequencesOf(into);
  const later = Object.entries(await sequencesOf(from)).filter(
    ([name, value]) => BigInt(value) > BigInt(now[name] ?? '0'),
  );
  // All of them: an id that was given out once, also to an order that is gone with the restore, is not given out again.
  await setSequences(into, Object.fromEntries(later));
  await into.query('COMMIT');
  return records;
}

/**
 * @param {Client} client
 * @param {Record<string, string>} sequences
 */
async function setSequences(client, sequences) {
  for (const [name, last] of Object.entries(sequences)) {
    const [schema = '', sequence = ''] = name.split('.');
    const { rowCount } = await client.query('SELECT 1 FROM pg_sequences WHERE schemaname = $1 AND sequencename = $2', [
      schema,
      sequence,
    ]);
    if (rowCount === 1)
      await client.query('SELECT setval($1::regclass, $2::bigint)', [`${quoted(schema)}.${quoted(sequence)}`, last]);
  }
}

/**
 * @param {Client} client
 * @param {import('./tables.mjs').TableHead} head
 */
function copyInto(client, head) {
  const copy = client.query(copyFrom(`COPY ${sqlOf(head)} FROM STDIN`));
  copy.on('error', () => undefined); // The write or the end that it fails reports it.
  return copy;
}

/**
 * @param {import('node:stream').Writable} stream
 * @param {Buffer} bytes
 * @returns {Promise<void>}
 */
function write(stream, bytes) {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (err) => (err ? reject(err) : resolve()));
  });
}

/** @param {string} file */
function checksumOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
