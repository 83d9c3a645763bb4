// Generates the Prisma clients and compiles the workspace, and does neither when the sources have not changed.
// Used by `npm start`, `npm test` and `npm run check`. Prisma is kept from downloading its engines: generating
// works with WebAssembly alone.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {Readonly<Record<'name' | 'dir' | 'client' | 'functions', string>>} Schema */

/**
 * Every Prisma schema of the system, in the order in which they are migrated. Functions stand below `functions`, in
 * `<room>/sql/<function>.sql`.
 *
 * @type {readonly Schema[]}
 */
export const schemas = [
  {
    name: 'platform',
    dir: 'packages/shared/src/base/db/platform',
    client: 'packages/shared/src/base/db/generated/platform',
    functions: 'packages/shared/src',
  },
  {
    name: 'domains',
    dir: 'services/domains/prisma',
    client: 'services/domains/src/generated/db',
    functions: 'services/domains/src',
  },
  { name: 'vps', dir: 'services/vps/prisma', client: 'services/vps/src/generated/db', functions: 'services/vps/src' },
  {
    name: 'proxy',
    dir: 'services/proxy/prisma',
    client: 'services/proxy/src/generated/db',
    functions: 'services/proxy/src',
  },
];

/**
 * The arguments of `migrate` (of the database room) for a schema.
 *
 * @param {Schema} schema
 */
export function migrationFolders({ name, dir, functions }, base = root) {
  return { schema: name, migrationsDir: join(base, dir, 'migrations'), functionsDir: join(base, functions) };
}

/** The processes of Lumi, as compiled entry points. */
export const entryPoints = [
  'gateway/dist/server',
  'packages/crypto-pay-double/dist/server',
  ...['domains', 'vps', 'proxy'].flatMap((product) => [
    `services/${product}/dist/server`,
    `services/${product}/dist/worker`,
  ]),
  'services/proxy/dist/node/main',
];

const MEMBERS = ['packages', 'services', 'gateway'];
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'generated', 'migrations', 'coverage']);
const stampFile = join(root, 'node_modules', '.lumi-build-stamp');
const generateStampFile = join(root, 'node_modules', '.lumi-generate-stamp');
const lockFile = join(root, 'node_modules', '.lumi-build.lock');

/** Generates and compiles. Throws when either fails. */
export async function build({ quiet = false } = {}) {
  const wanted = sourceStamp();
  if (isBuilt(wanted)) return;
  await withLock(lockFile, async () => {
    if (isBuilt(wanted)) return;
    if (!quiet) console.log('Building …');
    await generateChanged();
    await run(join('typescript-7', 'bin', 'tsc'), ['-b'], 'Compiling failed (see above).');
    // The folders too: a deleted one is built again, and one that never existed (a member without sources) is not
    // missing.
    writeFileSync(
      stampFile,
      JSON.stringify({ sources: wanted, folders: members().filter((dir) => existsSync(join(root, dir, 'dist'))) }),
    );
  });
}

/** Generates the Prisma clients whose schema has changed; enough for running tests, which compile by themselves. */
export async function generate() {
  if (staleSchemas().length === 0) return;
  await withLock(lockFile, generateChanged);
}

/**
 * What was built comes from the sources with this stamp.
 *
 * @param {string} wanted
 */
export function isBuilt(wanted) {
  /** @type {{ sources?: string; folders?: string[] }} */
  const { sources, folders = [] } = readStamp(stampFile);
  return (
    sources === wanted && staleSchemas().length === 0 && folders.every((dir) => existsSync(join(root, dir, 'dist')))
  );
}

/** All at once: one after the other they would leave the other processors idle. */
async function generateChanged() {
  const outcomes = await Promise.allSettled(staleSchemas().map(generateOne));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** @param {Schema} schema */
async function generateOne(schema) {
  await run(
    join('prisma', 'build', 'index.js'),
    ['generate', '--no-hints', '--schema', join(root, schema.dir, 'schema.prisma')],
    `Generating the Prisma client of ${schema.name} failed (see above).`,
    true,
  );
  writeFileSync(
    generateStampFile,
    JSON.stringify({ ...readStamp(generateStampFile), [schema.name]: schemaStamp(schema) }),
  );
}

function staleSchemas() {
  /** @type {Record<string, string>} */
  const done = readStamp(generateStampFile);
  return schemas.filter(
    (schema) =>
      existsSync(join(root, schema.dir, 'schema.prisma')) &&
      (done[schema.name] !== schemaStamp(schema) || !existsSync(join(root, schema.client, 'client.ts'))),
  );
}

/** @param {string} file */
function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Missing or half-written: everything is made again.
    return {};
  }
}

/** @param {Schema} schema */
function schemaStamp(schema) {
  const version = JSON.parse(readFileSync(join(root, 'node_modules', 'prisma', 'package.json'), 'utf8')).version;
  return createHash('sha256')
    .update(version)
    .update(readFileSync(join(root, schema.dir, 'schema.prisma')))
    .digest('hex');
}

/** A digest of all inputs of the build. */
export function sourceStamp() {
  const files = ['package.json', 'pnpm-lock.yaml', 'tsconfig.json', 'tsconfig.base.json'].map((name) =>
    join(root, name),
  );
  for (const dir of MEMBERS) collect(join(root, dir), files);
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  for (const file of files.sort())
    hash.update(`${relative(root, file)}\n`).update(existsSync(file) ? readFileSync(file) : '');
  return hash.digest('hex');
}

/**
 * @param {string} dir
 * @param {string[]} into
 */
function collect(dir, into) {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) collect(join(dir, entry.name), into);
    } else if (isSource(entry.name)) {
      into.push(join(dir, entry.name));
    }
  }
}

/** @param {string} name */
function isSource(name) {
  if (name.endsWith('.test.ts')) return false;
  return (
    /\.(ts|cjs)$/.test(name) || name === 'schema.prisma' || name === 'package.json' || /^tsconfig.*\.json$/.test(name)
  );
}

function members() {
  /** @type {{ references: { path: string }[] }} */
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  return references.map(({ path }) => path);
}

/**
 * @param {string} tool
 * @param {readonly string[]} args
 * @param {string} sentence said when it fails
 * @param {boolean} [isQuietWhenGood]
 */
async function run(tool, args, sentence, isQuietWhenGood = false) {
  const env = {
    ...process.env,
    // Any existing executable will do: generating never calls it, but without it Prisma goes to the network.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  /** @type {Buffer[]} */
  const output = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', tool), ...args], {
      cwd: root,
      env,
      stdio: ['ignore', isQuietWhenGood ? 'pipe' : 'inherit', isQuietWhenGood ? 'pipe' : 'inherit'],
    });
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return;
  if (output.length > 0) process.stderr.write(Buffer.concat(output));
  throw new Error(sentence);
}
