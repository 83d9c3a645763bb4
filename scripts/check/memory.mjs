// A good result is kept until something that could change it has changed: the files named here, the tools (by the
// lockfile), how they are called (scripts/check) and Node. Only good results are kept, in
// node_modules/.cache/lumi-check; `npm run check -- --fresh` ignores them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from '../build.mjs';
import { codeOf } from '../errors.mjs';

/** @typedef {import('./checks.mjs').Found} Found */

export const cacheFolder = join(root, 'node_modules', '.cache', 'lumi-check');
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'generated', 'coverage', '.git', '.lumi']);
/** Every check depends on these. */
export const ALWAYS = ['pnpm-lock.yaml', 'package.json', 'scripts/check', 'scripts/check.mjs'];

/**
 * Calls `look()`, or returns its last result if `inputs` (files and folders, below the root) and `text` are unchanged.
 *
 * @param {string} name
 * @param {readonly string[]} inputs
 * @param {() => Promise<Found>} look
 * @param {string} [text]
 * @returns {Promise<Found>}
 */
export async function remembered(name, inputs, look, text = '') {
  /** @type {Memory<{ digest: string; size: number | null }>} */
  const memory = new Memory(name);
  const digest = digestOfText(`${digestOf([...ALWAYS, ...inputs])} ${text}`);
  const known = memory.get('all');
  if (known?.digest === digest) return { size: known.size, problems: [] };
  const { size, problems } = await look();
  if (problems.length === 0) memory.write({ all: { digest, size } });
  return { size, problems };
}

/**
 * Good results by name, kept in one file.
 *
 * @template T
 */
export class Memory {
  /** @param {string} name */
  constructor(name) {
    this.file = join(cacheFolder, `${name.replaceAll(/\W+/g, '-')}.json`);
    /** @type {Readonly<Record<string, T | undefined>>} */
    this.known = process.env.LUMI_CHECK_FRESH === '1' ? {} : this.read();
  }

  /**
   * @param {string} key
   * @returns {T | undefined}
   */
  get(key) {
    return this.known[key];
  }

  /**
   * Another run may write at the same time: the file is always whole.
   *
   * @param {Readonly<Record<string, T | undefined>>} known
   */
  write(known) {
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.${process.pid}`, JSON.stringify(known));
    renameSync(`${this.file}.${process.pid}`, this.file);
  }

  /** @returns {Record<string, T | undefined>} */
  read() {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8'));
    } catch {
      // Missing or incomplete: everything is checked.
      return {};
    }
  }
}

/**
 * One digest of files and folders with their names.
 *
 * @param {readonly string[]} paths
 */
export function digestOf(paths) {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  for (const file of filesIn(paths)) hash.update(`\n${relative(root, file)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

/** @param {string} text */
export function digestOfText(text) {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Every file of these files and folders, in order, except generated ones.
 *
 * @param {readonly string[]} paths
 */
export function filesIn(paths) {
  /** @type {string[]} */
  const found = [];
  for (const path of paths.map((one) => join(root, one))) {
    if (!existsSync(path)) continue;
    collect(path, found);
  }
  return found.sort();
}

/**
 * @param {string} path
 * @param {string[]} into
 */
function collect(path, into) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (err) {
    if (codeOf(err) !== 'ENOTDIR') throw err;
    into.push(path);
    return;
  }
  for (const entry of entries) {
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) collect(join(path, entry.name), into);
    else if (entry.isFile()) into.push(join(path, entry.name));
  }
}
