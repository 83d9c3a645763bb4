// Checks the format. Prettier checks the layout; it leaves comments, strings and SQL unchanged, so this file checks the
// width of lines as well, and the length of files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../build.mjs';
import { cacheFolder, filesIn } from './memory.mjs';
import { runTool } from './run-tool.mjs';

/** @typedef {import('./checks.mjs').Problem} Problem */

const WIDTH_MAX = 120;
const LINES_MAX = 300;
/** No blank to break at: a key, a hash, an address. Lines with such a word may be longer. */
const LONG_WORD = /\S{70}/;
/** A test's name is one sentence, found by searching for it. */
const TEST_NAME = /^\s*(it|describe)(\.each\(.*\))?\(/;
const SOURCE = /\.(ts|[cm]?js|css|sql)$/;
const LOOKED_AT = [
  'gateway',
  'services',
  'packages',
  'scripts',
  'infra',
  'docs',
  '.dependency-cruiser.cjs',
  'eslint.config.mjs',
  'jest.config.cjs',
];
const CODE = /\.[cm]?[jt]s$/;
const UNION = /^\s*\| /m;
const FIXTURES = /(^|\/)check-fixtures\//;
/** A migration is one step and cannot be split; an applied one is never edited. */
const MIGRATION = /\/migrations\//;

/** The files that `prettier --check .` names, every line that is too wide, and every file that is too long. */
export async function checkFormat() {
  const cache = ['--cache', '--cache-strategy', 'content', '--cache-location', join(cacheFolder, 'prettier')];
  const { code, out, err } = await runTool(
    join(root, 'node_modules/prettier/bin/prettier.cjs'),
    ['--list-different', '--ignore-unknown', ...cache, ...(await toBeAsked())],
    { cwd: root },
  );
  if (code === null || code > 1 || (code === 1 && out.trim() === ''))
    throw new Error(`Prettier failed (exit code ${code}): ${err.slice(0, 2_000)}`);
  const unformatted = out.split('\n').filter((file) => file !== '');
  const files = filesIn(LOOKED_AT)
    .map((file) => relative(root, file))
    .filter((file) => SOURCE.test(file) && !FIXTURES.test(file));
  return {
    size: files.length,
    problems: [
      ...unformatted.map((file) => ({ file, rule: 'format', text: `${file}  is not in the format` })),
      ...files.flatMap((file) => tooLarge(file, root)),
    ],
  };
}

/**
 * The files that Prettier is asked about. Oxfmt lays code out as Prettier does, in a fiftieth of the time; unions of
 * several lines are the one place where they were seen to differ. So code is left out when Oxfmt would change nothing
 * and it has no such union; `--fresh` leaves nothing out.
 */
async function toBeAsked() {
  const files = filesIn(['.']).map((file) => relative(root, file));
  if (process.env.LUMI_CHECK_FRESH === '1') return files;
  const changed = await changedByOxfmt();
  return files.filter(
    (file) => !CODE.test(file) || changed.has(file) || UNION.test(readFileSync(join(root, file), 'utf8')),
  );
}

async function changedByOxfmt() {
  const {
    plugins: _prettiers,
    overrides: _ofOtherFiles,
    ...options
  } = JSON.parse(readFileSync(join(root, '.prettierrc.json'), 'utf8'));
  const settings = join(cacheFolder, 'oxfmtrc.json');
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(settings, JSON.stringify(options));
  const { code, out, err } = await runTool(
    join(root, 'node_modules/oxfmt/bin/oxfmt'),
    ['--config', settings, '--list-different', '.'],
    { cwd: root },
  );
  if (code === null || code > 1) throw new Error(`Oxfmt failed (exit code ${code}): ${err.slice(0, 2_000)}`);
  return new Set(out.split('\n'));
}

/**
 * Width and length of the fixtures; their files are relative to `base`.
 *
 * @param {string} base
 */
export function checkSizeIn(base) {
  const files = filesIn([relative(root, base)])
    .map((file) => relative(base, file))
    .filter((file) => SOURCE.test(file));
  return { size: files.length, problems: files.flatMap((file) => tooLarge(file, base)) };
}

/**
 * @param {string} file
 * @param {string} base
 * @returns {Problem[]}
 */
function tooLarge(file, base) {
  const lines = readFileSync(join(base, file), 'utf8').trimEnd().split('\n');
  const wide = lines.flatMap((line, index) =>
    line.length > WIDTH_MAX && !LONG_WORD.test(line) && !TEST_NAME.test(line)
      ? [{ file, rule: 'width', text: `${file}:${index + 1}  has ${line.length} columns` }]
      : [],
  );
  if (lines.length <= LINES_MAX || MIGRATION.test(file)) return wide;
  const text = `${file}  has ${lines.length} lines: split it along what it is about`;
  return [...wide, { file, rule: 'length', text }];
}
