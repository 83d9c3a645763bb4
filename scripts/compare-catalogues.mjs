// Compares the databases that two versions of Lumi make: node scripts/compare-catalogues.mjs <folder of one> <folder of
// the other>. Both are checkouts with their packages installed. Three databases are made on throw-away servers: by the
// first version, by the second, and by the first and then the second, as an update does. Prints the differences, and
// exits with 1 if there are any.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { catalogueOf, compare } from './catalogue.mjs';
import { eachRole } from './database-roles.mjs';
import { takeCluster } from './jest/cluster.mjs';
import { loadDb } from './jest/load-db.mjs';

// Each version runs in a separate process, because Prisma's engine is one for each process.
const [mark, folderAtWork, urlAtWork] = process.argv.slice(2);
if (mark === '--make' && folderAtWork !== undefined && urlAtWork !== undefined) {
  await make(folderAtWork, urlAtWork);
  process.exit(0);
}
const [one, other, ...more] = process.argv.slice(2).map((folder) => resolve(folder));
if (one === undefined || other === undefined || more.length > 0) {
  console.error('Usage: node scripts/compare-catalogues.mjs <folder of one version> <folder of the other>');
  process.exit(2);
}
const made = await onServer(async (url) => {
  const first = await madeBy(one, url);
  return { first, updated: await madeBy(other, url) };
});
const fresh = await onServer((url) => madeBy(other, url));
const differences =
  report(`${one} and ${other}`, made.first, fresh) +
  report(`${one}, updated by ${other}, and ${other}`, made.updated, fresh);
process.exit(differences === 0 ? 0 : 1);

/** @typedef {typeof import('./build.mjs')} Build */

/**
 * @template T
 * @param {(url: string) => Promise<T>} work
 */
async function onServer(work) {
  const cluster = await takeCluster();
  const { pg } = loadDb();
  const name = `lumi_catalogue_${randomBytes(4).toString('hex')}`;
  const client = new pg.Client({ connectionString: cluster.ownerUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
    return await work(Object.assign(new URL(cluster.ownerUrl), { pathname: `/${name}` }).toString());
  } finally {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.end();
    await cluster.stop();
  }
}

/**
 * @param {string} folder
 * @param {string} ownerUrl
 */
async function madeBy(folder, ownerUrl) {
  await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), '--make', folder, ownerUrl]);
  const { pg } = loadDb();
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    return await catalogueOf(client);
  } finally {
    await client.end();
  }
}

/**
 * @param {string} folder
 * @param {string} ownerUrl
 */
async function make(folder, ownerUrl) {
  /** @type {Pick<Build, 'schemas'> & Partial<Pick<Build, 'migrationFolders'>>} */
  const { schemas, migrationFolders } = await import(join(folder, 'scripts/build.mjs'));
  /** @type {typeof import('./jest/load-db.mjs')} */
  const { loadDb: loadTheirs } = await import(join(folder, 'scripts/jest/load-db.mjs'));
  const { migrate, ensureRoles } = loadTheirs();
  await ensureRoles({ ownerUrl, passwords: eachRole(() => 'only-for-a-comparison') });
  for (const schema of schemas) {
    // A version from before functions had files of their own has no such helper.
    await migrate({
      ownerUrl,
      ...(migrationFolders?.(schema, folder) ?? {
        schema: schema.name,
        migrationsDir: join(folder, schema.dir, 'migrations'),
      }),
    });
  }
}

/**
 * @param {string} title
 * @param {import('./catalogue.mjs').Catalogue} a
 * @param {import('./catalogue.mjs').Catalogue} b
 */
function report(title, a, b) {
  console.log(`${title}:`);
  const sections = compare(a, b);
  for (const { section, equal, different } of sections) {
    console.log(`  ${section}: ${equal} equal, ${different.length} different`);
    for (const { name, a: left, b: right } of different)
      console.log(`    ${name}\n${indented('-', left)}\n${indented('+', right)}`);
  }
  return sections.reduce((sum, { different }) => sum + different.length, 0);
}

/**
 * @param {string} mark
 * @param {string | undefined} text
 */
function indented(mark, text) {
  return (text ?? '(not there)')
    .split('\n')
    .map((line) => `      ${mark} ${line}`)
    .join('\n');
}
