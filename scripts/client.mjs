// The client (packages/client) beyond its written sources: what is generated from the services' OpenAPI documents, and
// the package as others install it. `npm start` needs neither. `npm test` and `npm run check` generate.
//   node scripts/client.mjs           generates
//   node scripts/client.mjs --build   builds the package, too
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate, root } from './build.mjs';
import { serviceDocuments, withoutSharing } from './check/documents.mjs';
import { digestOf } from './check/memory.mjs';
import { runTool } from './check/run-tool.mjs';
import { commandSource } from './client/commands.mjs';
import { clientSources } from './client/write.mjs';
import { messageOf } from './errors.mjs';
import { withLock } from './lock.mjs';

const folder = join(root, 'packages', 'client');
const generated = join(folder, 'src', 'generated');
const commandsFile = join(root, 'packages', 'cli', 'src', 'generated', 'commands.ts');
const dist = join(folder, 'dist');
const lockFile = join(root, 'node_modules', '.lumi-client.lock');
const stampFile = join(generated, '.stamp');
const builtFile = join(dist, '.stamp');
/** All that the documents are made from, and what makes sources of them. */
const INPUTS = [
  'packages/shared',
  'services',
  'scripts/bundle.mjs',
  'scripts/test/documents.ts',
  'scripts/test/products.ts',
  'scripts/client',
  'scripts/client.mjs',
  'scripts/check/documents.mjs',
  'scripts/check/load-sources.mjs',
  'pnpm-lock.yaml',
  'tsconfig.check.json',
];

/** Writes the generated sources; does nothing when the documents cannot have changed. */
export async function generateClient() {
  const wanted = digestOf(INPUTS);
  if (isMade(wanted)) return;
  await withLock(lockFile, async () => {
    if (isMade(wanted)) return;
    await generate();
    mkdirSync(generated, { recursive: true });
    const all = await documents();
    const files = await clientSources(all, (name) => readIfThere(join(generated, name)));
    mkdirSync(dirname(commandsFile), { recursive: true });
    writeWhole(commandsFile, commandSource(all));
    for (const [name, text] of files) writeWhole(join(generated, name), text);
    for (const name of readdirSync(generated))
      if (name.endsWith('.ts') && !files.has(name)) rmSync(join(generated, name));
    writeWhole(stampFile, wanted);
  });
}

/** @param {string} wanted */
function isMade(wanted) {
  return readStamp(stampFile) === wanted && existsSync(commandsFile);
}

/** The three documents, as the generator takes them. */
export async function documents() {
  const whole = await withoutSharing();
  return (await serviceDocuments()).map(({ name, document }) => ({
    product: name.replace('services/', ''),
    document: /** @type {import('./client/operations.mjs').Document} */ (/** @type {unknown} */ (whole(document))),
  }));
}

/** Builds packages/client/dist: one file as ES module, one as CommonJS, and the types of both. */
export async function buildClient() {
  await generateClient();
  const sources = digestOf(['scripts/client.mjs', 'packages/client/package.json', 'packages/client/src']);
  const wanted = `${sources} ${readStamp(stampFile)}`;
  if (readStamp(builtFile) === wanted) return;
  await withLock(lockFile, async () => {
    if (readStamp(builtFile) === wanted) return;
    rmSync(dist, { recursive: true, force: true });
    await bundleBoth();
    await declare();
    writeWhole(builtFile, wanted);
  });
}

async function bundleBoth() {
  const esbuild = await import('esbuild');
  for (const [format, type] of /** @type {const} */ ([
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ])) {
    await esbuild.build({
      entryPoints: [join(folder, 'src', 'index.ts')],
      outfile: join(dist, format, 'index.js'),
      bundle: true,
      format,
      platform: 'neutral',
      target: 'es2022',
      logLevel: 'error',
    });
    writeFileSync(join(dist, format, 'package.json'), `${JSON.stringify({ type })}\n`);
  }
}

async function declare() {
  const tsc = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
  const { code, out, err } = await runTool(tsc, ['-p', join(folder, 'tsconfig.json')], { cwd: root });
  if (code !== 0) throw new Error(`The types of the client do not compile:\n${out}${err}`);
  // The sources name their neighbours without an ending, which Node's ES modules do not take.
  for (const file of readdirSync(join(dist, 'esm'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.d.ts')) continue;
    const path = join(dist, 'esm', file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(from |import\()(['"])(\.[^'"]+)\2/g, '$1$2$3.js$2'));
    cpSync(path, join(dist, 'cjs', file));
  }
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** @param {string} file */
function readStamp(file) {
  return readIfThere(file) ?? '';
}

/**
 * Other processes may read it at the same time.
 *
 * @param {string} file
 * @param {string} text
 */
function writeWhole(file, text) {
  if (readIfThere(file) === text) return;
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await (process.argv.includes('--build') ? buildClient() : generateClient());
  } catch (err) {
    console.error(messageOf(err));
    process.exitCode = 1;
  }
}
