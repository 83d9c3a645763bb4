// Drafts a migration: node scripts/new-migration.mjs <platform|domains|vps|proxy> <name_in_words>
// Writes the SQL between the existing migrations and schema.prisma, to be read and completed (grants, policies, checks)
// before it is committed. Functions and triggers are not part of it: they are in <room>/sql/
// (packages/shared/src/base/db/README.md). Needs nothing running: it replays the migrations on a throw-away database.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, schemas } from './build.mjs';
import { install } from './install.mjs';

const [schemaName, name] = process.argv.slice(2);
const schema = schemas.find((one) => one.name === schemaName);
if (schema === undefined || !/^[a-z0-9_]+$/.test(name ?? '')) {
  console.error(
    `Usage: node scripts/new-migration.mjs <${schemas.map((one) => one.name).join('|')}> <name_in_lower_case>`,
  );
  process.exit(1);
}

await install();
const { takeCluster } = await import('./jest/cluster.mjs');
const { withMigratedDatabase } = await import('./jest/template.mjs');
const { loadDb } = await import('./jest/load-db.mjs');
const cluster = await takeCluster();
try {
  const datamodel = readFileSync(join(root, schema.dir, 'schema.prisma'), 'utf8');
  const sql = await withMigratedDatabase(cluster.ownerUrl, (ownerUrl) =>
    loadDb().diffMigration({ ownerUrl, schema: schema.name, datamodel }),
  );
  if (sql === '') console.log(`The migrations of ${schema.name} already lead to its schema.prisma: nothing to write.`);
  else console.log(`Wrote ${write(schema, sql)}. Read it before you commit it.`);
} finally {
  await cluster.stop();
}

/**
 * @param {import('./build.mjs').Schema} chosen
 * @param {string} sql
 */
function write(chosen, sql) {
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const dir = join(root, chosen.dir, 'migrations', `${stamp}_${name}`);
  mkdirSync(dir, { recursive: true });
  const lockFile = join(root, chosen.dir, 'migrations', 'migration_lock.toml');
  if (!existsSync(lockFile)) writeFileSync(lockFile, 'provider = "postgresql"\n');
  writeFileSync(join(dir, 'migration.sql'), sql);
  return relative(root, join(dir, 'migration.sql'));
}
