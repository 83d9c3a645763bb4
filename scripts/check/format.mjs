// Checks the format. Prettier checks the layout; it leaves comments, strings and SQL unchanged, so this file checks the
// width of lines as well.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../build.mjs';
import { cacheFolder, filesIn } from './memory.mjs';
import { runTool } from './run-tool.mjs';

const WIDTH_MAX = 120;
/** No blank to break at: a key, a hash, an address. Lines with such a word may be longer. */
const LONG_WORD = /\S{70}/;
/** A test's name is one sentence, found by searching for it. */
const TEST_NAME = /^\s*(it|describe)(\.each\(.*\))?\(/;
const WIDE = /\.(ts|mjs|cjs|sql)$/;
const FOLDERS = ['gateway', 'services', 'packages', 'scripts', 'infra', 'docs'];
const LEFT_OUT = /(^|\/)(node_modules|dist|generated|check-fixtures)\//;

/** The files that `prettier --check .` names, and every line of code that is wider than the format allows. */
export async function checkFormat() {
  const args = ['.', '--cache', '--cache-strategy', 'content', '--cache-location', join(cacheFolder, 'prettier')];
  const { code, out, err } = await runTool(
    join(root, 'node_modules/prettier/bin/prettier.cjs'),
    ['--list-different', ...args],
    { cwd: root },
  );
  if (code === null || code > 1 || (code === 1 && out.trim() === ''))
    throw new Error(`Prettier failed (exit code ${code}): ${err.slice(0, 2_000)}`);
  const unformatted = out.split('\n').filter((file) => file !== '');
  const files = filesIn(FOLDERS)
    .map((file) => relative(root, file))
    .filter((file) => WIDE.test(file) && !LEFT_OUT.test(file));
  return {
    size: files.length,
    problems: [
      ...unformatted.map((file) => ({ file, rule: 'format', text: `${file}  is not in the format` })),
      ...files.flatMap(tooWide),
    ],
  };
}

/** @param {string} file */
function tooWide(file) {
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      line.length > WIDTH_MAX && !LONG_WORD.test(line) && !TEST_NAME.test(line)
        ? [{ file, rule: 'width', text: `${file}:${index + 1}  has ${line.length} columns` }]
        : [],
    );
}
