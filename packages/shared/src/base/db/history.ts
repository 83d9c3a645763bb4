// Migrations in their folder and in the history of a schema, and baselines: a baseline is one migration that replaces
// many earlier ones.
import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { codeOf, type Session } from './functions';

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
  /** Name and checksum of the migrations that a baseline replaces; empty for every other migration. */
  replaces: ReadonlyMap<string, string>;
  /** The last version of Lumi that had them. */
  replacesOf: string;
}

/**
 * The file beside the SQL of a baseline: `of <commit>`, then `<sha256> <name>` for each migration it replaces. An
 * installation that has applied all of them is at the baseline.
 */
const REPLACES_FILE = 'replaces.txt';

/** In their order. */
export async function migrationNames(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() && /^\d{14}_/.test(entry.name) ? [entry.name] : [])).sort();
}

export async function readMigrations(dir: string): Promise<Migration[]> {
  const names = await migrationNames(dir);
  return Promise.all(
    names.map(async (name) => {
      const [sql, replaces] = await Promise.all([
        readFile(join(dir, name, 'migration.sql'), 'utf8'),
        readIfThere(join(dir, name, REPLACES_FILE)),
      ]);
      return {
        name,
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
        replaces: new Map(
          [...replaces.matchAll(/^([0-9a-f]{64}) +(\S+)$/gm)].map(([, checksum = '', old = '']) => [old, checksum]),
        ),
        replacesOf: /^of (\S+)$/m.exec(replaces)?.[1] ?? '',
      };
    }),
  );
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return '';
    throw err;
  }
}

/** Name and checksum of what was applied to the schema. */
export async function readApplied(db: Session, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await db.query<{ migration_name: string; checksum: string }>(
      `SELECT migration_name, checksum FROM ${pg.escapeIdentifier(schema)}._prisma_migrations
        WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
    );
    return new Map(rows.map((row) => [row.migration_name, row.checksum]));
  } catch (err) {
    // 42P01: no such table, 3F000: no such schema. Both mean that nothing was ever applied here.
    if (codeOf(err) === '42P01' || codeOf(err) === '3F000') return new Map();
    throw err;
  }
}

export function mustBeUnedited(
  name: string,
  checksum: string,
  applied: ReadonlyMap<string, string>,
  schema: string,
): void {
  const known = applied.get(name);
  if (known !== undefined && known !== checksum) {
    throw new Error(
      `Migration ${name} of schema ${schema} was edited after it had been applied. Restore the file and ` +
        'write a new migration instead.',
    );
  }
}

/** Whether all migrations that this one replaces made the schema. Throws when only some of them did. */
export function isMadeBefore(
  { name, replaces, replacesOf }: Migration,
  applied: ReadonlyMap<string, string>,
  schema: string,
): boolean {
  const old = [...replaces.keys()].filter((one) => applied.has(one));
  if (applied.has(name) || old.length === 0) return false;
  for (const [one, checksum] of replaces) mustBeUnedited(one, checksum, applied, schema);
  if (old.length === replaces.size) return true;
  throw new Error(
    `Schema ${schema} stands at migration ${old.at(-1) ?? ''} of an older Lumi, which this version cannot ` +
      `go on from. Start Lumi once from commit ${replacesOf}: it applies what is missing. Then start this ` +
      'version again.',
  );
}

/** Writes a baseline into the history in place of the migrations it replaces, without running it. */
export async function standForThem(db: Session, { name, checksum, replaces }: Migration): Promise<void> {
  await db.query('DELETE FROM _prisma_migrations WHERE migration_name = ANY ($1)', [[...replaces.keys()]]);
  await db.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, ' +
      'applied_steps_count) VALUES ($1, $2, $3, now(), now(), 1)',
    [randomUUID(), checksum, name],
  );
}
