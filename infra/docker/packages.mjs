// The packages inside an image: which they are, as a CycloneDX list of software (an SBOM), and their licences.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/build.mjs';

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} version
 * @property {string | undefined} license
 * @property {string} folder
 * @property {string} manifest
 */

const FOLDER_OF_PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** @type {Map<string, Package>} */
const known = new Map();

/**
 * The package that a file belongs to.
 *
 * @param {string} file
 * @returns {Package}
 */
export function packageOf(file) {
  const [folder] = FOLDER_OF_PACKAGE.exec(file) ?? [];
  if (folder === undefined) throw new Error(`${file} belongs to no package`);
  const found = known.get(folder);
  if (found !== undefined) return found;
  const manifest = join(folder, 'package.json');
  const { name, version, license } = JSON.parse(readFileSync(manifest, 'utf8'));
  const made = { name, version, license: typeof license === 'string' ? license : license?.type, folder, manifest };
  known.set(folder, made);
  return made;
}

/**
 * Each package once, in the order of its name and version.
 *
 * @param {readonly string[]} files
 */
function packagesOf(files) {
  const packages = files.filter((file) => file.includes('/node_modules/')).map(packageOf);
  const byUrl = new Map(packages.map((one) => [urlOf(one), one]));
  return [...byUrl].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/**
 * Without a serial number or a time, so that the same sources give the same list.
 *
 * @param {{ name: string; version: string }} image
 * @param {readonly string[]} files that it was made from
 * @param {import('esbuild').Metafile['inputs']} inputs which say what imports what
 */
export function softwareList(image, files, inputs) {
  const packages = packagesOf(files);
  const checksums = checksumsOfLockfile();
  const ref = `pkg:generic/${image.name}@${image.version}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': ref, ...image, licenses: [{ license: { id: 'MIT' } }], purl: ref },
    },
    components: packages.map((one) => ({
      type: 'library',
      'bom-ref': urlOf(one),
      name: one.name,
      version: one.version,
      ...(one.license === undefined ? {} : { licenses: [licenceOf(one.license)] }),
      hashes: [{ alg: 'SHA-512', content: checksumOf(one, checksums) }],
      purl: urlOf(one),
    })),
    dependencies: dependencies(ref, packages, inputs),
  };
}

/** @param {Package} one */
function urlOf({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** @param {string} text */
function licenceOf(text) {
  return /^[\w.+-]+$/.test(text) ? { license: { id: text } } : { expression: text };
}

/**
 * By name and version. Read without a parser, which is a tool of checks and not in the build of an image.
 *
 * @returns {ReadonlyMap<string, string>}
 */
function checksumsOfLockfile() {
  const text = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  const entries = text.matchAll(/^ {2}'?([^\s':]+)'?:\n {4}resolution: \{integrity: sha512-([^,}]+)/gm);
  return new Map([...entries].map(([, name = '', checksum = '']) => [name, checksum]));
}

/**
 * @param {Package} one
 * @param {ReturnType<typeof checksumsOfLockfile>} checksums
 */
function checksumOf({ name, version }, checksums) {
  const base64 = checksums.get(`${name}@${version}`);
  if (base64 === undefined) throw new Error(`pnpm-lock.yaml has no checksum of ${name}@${version}`);
  return Buffer.from(base64, 'base64').toString('hex');
}

/**
 * @param {string} ref of the image
 * @param {readonly Package[]} packages
 * @param {import('esbuild').Metafile['inputs']} inputs
 */
function dependencies(ref, packages, inputs) {
  /** @type {Map<string, Set<string>>} */
  const uses = new Map([ref, ...packages.map(urlOf)].map((one) => [one, new Set()]));
  const refOf = (/** @type {string} */ file) =>
    file.includes('node_modules/') ? urlOf(packageOf(join(root, file))) : ref;
  for (const [file, { imports }] of Object.entries(inputs))
    for (const { path, external } of imports)
      if (external !== true && inputs[path] !== undefined && refOf(file) !== refOf(path))
        uses.get(refOf(file))?.add(refOf(path));
  return [...uses].map(([one, others]) => ({ ref: one, dependsOn: [...others].sort() }));
}

/**
 * The licence texts, which most licences want to go with the code.
 *
 * @param {readonly string[]} files
 */
export function licences(files) {
  const parts = packagesOf(files).map(({ name, version, license, folder }) => {
    const texts = readdirSync(folder)
      .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file) && existsSync(join(folder, file)))
      .sort()
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    return [`${name} ${version} (${license ?? 'see its text'})`, ...texts].join('\n\n');
  });
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
