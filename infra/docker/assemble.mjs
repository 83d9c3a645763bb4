// The files of each image, from the compiled sources: `node infra/docker/assemble.mjs <folder>` makes <folder>/gateway,
// <folder>/domains … for the Dockerfile. An image holds one file for each of its processes, the few files of packages
// that these load while they run, the SQL files of its schema, and a list of the packages inside (sbom.cdx.json) with
// their licences. The same sources give the same bytes.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build, migrationFolders, root, schemas } from '../../scripts/build.mjs';
import { bundleOptions, mapOfOurOwn } from '../../scripts/bundle.mjs';
import { images } from './images.mjs';
import { licences, packageOf, softwareList } from './packages.mjs';

/** Packages that their users do without: native speed-ups, which differ between machines. */
const OPTIONAL = new Set(['msgpackr-extract']);

/** @typedef {import('./images.mjs').Image} Image */

/** @param {string} folder */
export async function assemble(folder) {
  await build();
  for (const [name, image] of Object.entries(images)) await assembleOne(name, image, join(folder, name));
}

/**
 * @param {string} name
 * @param {Image} image
 * @param {string} folder
 */
async function assembleOne(name, { manifest, programs, schema, files = {} }, folder) {
  mkdirSync(folder, { recursive: true });
  const { inputs, outputFiles } = await bundle(programs);
  for (const { name: file, text } of outputFiles) writeFileSync(join(folder, file), text);
  const loaded = loadedFiles(inputs);
  for (const file of loaded) copy(file, join(folder, 'node_modules', placeOf(file)));
  if (schema !== undefined) copySchema(schema, join(folder, 'database', schema));
  for (const [from, to] of Object.entries(files)) copy(join(root, from), join(folder, to));
  copy(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  copy(join(root, 'infra', 'docker', 'healthy.mjs'), join(folder, 'healthy.mjs'));

  const sources = [...Object.keys(inputs).map((file) => join(root, file)), ...loaded];
  const { version } = JSON.parse(readFileSync(join(root, manifest), 'utf8'));
  const list = softwareList({ name: `lumi-${name}`, version }, sources, inputs);
  writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(list, null, 2)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), licences(sources));
}

/**
 * The stacks of errors name the sources by their paths in the repository, as if it lay in the folder of the image.
 *
 * @param {Readonly<Record<string, string>>} programs
 */
async function bundle(programs) {
  const esbuild = await import('esbuild');
  const codec = await import('@jridgewell/sourcemap-codec');
  const result = await esbuild.build({
    ...bundleOptions(root),
    entryPoints: { ...programs },
    outdir: root,
    write: false,
    metafile: true,
  });
  return {
    inputs: result.metafile.inputs,
    outputFiles: result.outputFiles.map(({ path, text }) => ({
      name: relative(root, path),
      text: path.endsWith('.map') ? mapOfOurOwn(text, codec) : text,
    })),
  };
}

/**
 * The files of packages that the programs load while they run, with the manifests by which Node finds them.
 *
 * @param {import('esbuild').Metafile['inputs']} inputs
 */
function loadedFiles(inputs) {
  /** @type {Set<string>} */
  const files = new Set();
  for (const [importer, { imports }] of Object.entries(inputs))
    for (const { path, kind, external } of imports) {
      const isPackage = (external === true || kind === 'require-resolve') && /^[@a-z]/.test(path) && !isBuiltin(path);
      if (!isPackage || OPTIONAL.has(path)) continue;
      const file = resolveFrom(join(root, importer), path, kind);
      if (file === null) continue;
      files.add(file).add(packageOf(file).manifest);
      const wasm = file.replace(/\.js$/, '.wasm');
      if (wasm !== file && existsSync(wasm)) files.add(wasm);
    }
  return [...files].sort();
}

/**
 * Null for a package that is not installed and that its user asks for in a `try`.
 *
 * @param {string} importer
 * @param {string} path
 * @param {string} kind
 */
function resolveFrom(importer, path, kind) {
  try {
    return createRequire(importer).resolve(path);
  } catch (err) {
    if (kind === 'require-call') return null;
    throw err;
  }
}

/** @param {string} file of a package */
function placeOf(file) {
  return file.slice(file.lastIndexOf('/node_modules/') + '/node_modules/'.length);
}

/**
 * @param {string} name
 * @param {string} folder
 */
function copySchema(name, folder) {
  const schema = schemas.find((one) => one.name === name);
  if (schema === undefined) throw new Error(`scripts/build.mjs names no schema ${name}`);
  const { migrationsDir, functionsDir } = migrationFolders(schema);
  copy(migrationsDir, join(folder, 'migrations'));
  const functions = readdirSync(functionsDir, { recursive: true, encoding: 'utf8' });
  for (const file of functions.filter((path) => /(^|\/)sql\/[^/]+\.sql$/.test(path)))
    copy(join(functionsDir, file), join(folder, 'functions', file));
}

/**
 * @param {string} from
 * @param {string} to
 */
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder] = process.argv;
  if (folder === undefined) {
    console.error('usage: node infra/docker/assemble.mjs <folder>');
    process.exit(2);
  }
  await assemble(folder);
}
