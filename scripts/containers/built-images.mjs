// What must be true of each image that was built: its size, its user, its labels, its health check, that nothing in it
// can be written, and that its files are those that this checkout makes elsewhere, byte for byte.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { images } from '../../infra/docker/images.mjs';
import { tagOf } from '../images.mjs';

const ABOVE_BASE_MAX = 60_000_000;

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} base
 * @param {string} assembled the files as this checkout makes them
 */
export async function judgeImages(engine, base, assembled) {
  const inspect = async (/** @type {string} */ image) =>
    JSON.parse(await engine.podman('inspect', '--type', 'image', image))[0];
  const { Size: baseSize } = await inspect(base);
  /** @type {string[]} */
  const sizes = [];
  for (const name of Object.keys(images)) {
    const { tag, version } = tagOf(name);
    const inspected = await inspect(`localhost/${tag}`);
    const { Size: size, Config: config } = inspected;
    const above = size - baseSize;
    must(above < ABOVE_BASE_MAX, `${tag} has ${above} bytes above its base`);
    must(config.User === '1000:1000', `${tag} runs as ${config.User}`);
    must(JSON.stringify(config.Entrypoint) === '["node"]', `${tag} is entered by ${config.Entrypoint}`);
    const labels = config.Labels;
    must(labels['org.opencontainers.image.version'] === version, `${tag} is labelled ${JSON.stringify(labels)}`);
    must(/^[0-9a-f]{40}/.test(labels['org.opencontainers.image.revision']), `${tag} has no commit in its labels`);
    must(labels['org.opencontainers.image.title'] === `lumi-${name}`, `${tag} is called something else`);
    if (images[name]?.programs.server !== undefined)
      must(
        JSON.stringify(inspected.Healthcheck ?? config.Healthcheck ?? '').includes('healthy.mjs'),
        `${tag} has no health check`,
      );
    mustBeTheSame(tag, await filesOfImage(engine, tag), digests(join(assembled, name)));
    await mustNotBeWritable(engine, tag);
    sizes.push(`${name} ${(above / 1e6).toFixed(1)} MB`);
  }
  return sizes.join(', ');
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} tag
 */
async function filesOfImage(engine, tag) {
  const mounted = (await engine.podman('image', 'mount', `localhost/${tag}`)).trim();
  try {
    return digests(join(mounted, 'lumi'));
  } finally {
    await engine.podman('image', 'unmount', `localhost/${tag}`);
  }
}

/**
 * Path and mode of each file, with the digest of what is in it.
 *
 * @param {string} folder
 */
function digests(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    paths.flatMap((path) => {
      const file = join(folder, path);
      const stat = lstatSync(file);
      if (stat.isDirectory()) return [];
      const content = stat.isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
      return [[path, `${(stat.mode & 0o777).toString(8)} ${createHash('sha256').update(content).digest('hex')}`]];
    }),
  );
}

/**
 * @param {string} tag
 * @param {ReadonlyMap<string, string>} found
 * @param {ReadonlyMap<string, string>} wanted
 */
function mustBeTheSame(tag, found, wanted) {
  const differ = [...new Set([...found.keys(), ...wanted.keys()])].filter(
    (path) => found.get(path) !== wanted.get(path),
  );
  must(differ.length === 0, `two builds of ${tag} differ in ${differ.slice(0, 10).join(', ')}`);
  must(found.size > 5, `${tag} has ${found.size} files only`);
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} tag
 */
async function mustNotBeWritable(engine, tag) {
  // Without --read-only: even then the user may write to nothing that belongs to Lumi.
  const tries = `const fs = require('node:fs');
    if (process.getuid() !== 1000) throw new Error('user ' + process.getuid());
    for (const path of fs.readdirSync('.', { recursive: true }).concat('.', 'new'))
      try { fs.accessSync(path, fs.constants.W_OK); throw new Error('can write ' + path); } catch (err) {
        if (!['EACCES', 'ENOENT'].includes(err.code)) throw err; }`;
  await engine.podman('run', '--rm', '--network', 'none', '--cap-drop', 'ALL', `localhost/${tag}`, '-e', tries);
}

/**
 * @param {boolean} isTrue
 * @param {string} otherwise
 */
export function must(isTrue, otherwise) {
  if (!isTrue) throw new Error(otherwise);
}
