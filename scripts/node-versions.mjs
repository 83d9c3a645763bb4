// Which versions of Node Lumi is meant for. `oldest` is the lower bound of `engines`; `tested` are the major versions
// that .ci/run runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from './errors.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** @type {[major: number, minor: number]} */
const OLDEST = [20, 19];
const TESTED = [20, 22, 24];

/**
 * One sentence about this Node if it is too old to run Lumi, otherwise null.
 *
 * @param {string} [version]
 */
export function tooOld(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null;
  return `Lumi needs Node ${OLDEST.join('.')} or newer; this is Node ${version}.`;
}

/**
 * One sentence about this Node if Lumi was not tested on it, otherwise null.
 *
 * @param {string} [version]
 */
export function untested(version = process.versions.node) {
  const [major = 0] = version.split('.').map(Number);
  if (TESTED.includes(major)) return null;
  return (
    `Lumi was never tested on Node ${version}; it is tested on Node ${TESTED.slice(0, -1).join(', ')} and ` +
    `${TESTED.at(-1)}.`
  );
}

/**
 * The folder that holds the program `node` of a major version, fetched from the npm registry when it is not there yet.
 *
 * @param {string} major
 */
export function nodeFolder(major) {
  const home = join(root, 'node_modules', '.cache', 'lumi-node', major);
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(home, 'node_modules', name, 'bin');
  if (existsSync(join(folder, 'node'))) return folder;
  mkdirSync(home, { recursive: true });
  const { status, stderr } = spawnSync(
    'npm',
    ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', '--no-package-lock', `${name}@${major}`],
    { encoding: 'utf8' },
  );
  if (status !== 0 || !existsSync(join(folder, 'node')))
    throw new Error(
      `Node ${major} could not be fetched as ${name} from the npm registry: ${stderr.trim().split('\n').pop()}`,
    );
  return folder;
}

// `node scripts/node-versions.mjs 24` prints the folder: PATH="$(node scripts/node-versions.mjs 24):$PATH" npm test
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , major = ''] = process.argv;
  if (!/^\d+$/.test(major)) {
    console.error('usage: node scripts/node-versions.mjs <major version>');
    process.exit(2);
  }
  try {
    console.log(nodeFolder(major));
  } catch (err) {
    console.error(messageOf(err));
    process.exit(1);
  }
}
