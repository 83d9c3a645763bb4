// Checks the wording: comments, test names and Markdown must not contain a word of the list in docs/writing.md. That
// table is the only list. Code, strings, inline code and code blocks are not checked.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../build.mjs';
import { filesIn, remembered } from './memory.mjs';

/** @typedef {import('./checks.mjs').Problem} Problem */
/** @typedef {{ text: string; line: number }} Prose a line of a file, without what is not read */

const LIST = 'docs/writing.md';
const HEADING = '## Words that the check refuses';
const LOOKED_AT = [
  'gateway',
  'services',
  'packages',
  'scripts',
  'infra',
  'docs',
  '.github',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'README.md',
  '.dependency-cruiser.cjs',
  'eslint.config.mjs',
  'jest.config.cjs',
];
const CHECKED = /\.(ts|mjs|cjs|sql|prisma|ya?ml|sh|md)$/;
/** An applied migration is never edited, and the fixtures contain the words on purpose. */
const LEFT_OUT = /(^|\/)(migrations|check-fixtures)\//;
const TEST = /^(it|describe|test)\b|^\](?: as const)?\)\(/;
const STRING = /(['"`])((?:\\.|(?!\1).)*)\1/g;

/** Every place in the sources with a word of the list, with the text to write instead. */
export const checkWording = () =>
  remembered('wording', LOOKED_AT, () => {
    const files = filesIn(LOOKED_AT)
      .map((file) => relative(root, file))
      .filter((file) => CHECKED.test(file) && !LEFT_OUT.test(file));
    return Promise.resolve({ size: files.length, problems: wordingOf(files, root) });
  });

/**
 * The same for the fixtures; their files are relative to `base`.
 *
 * @param {string} base
 */
export function checkWordingIn(base) {
  const files = filesIn([relative(root, base)])
    .map((file) => relative(base, file))
    .filter((file) => CHECKED.test(file));
  return { size: files.length, problems: wordingOf(files, base) };
}

/**
 * @param {readonly string[]} files
 * @param {string} base
 * @returns {Problem[]}
 */
function wordingOf(files, base) {
  const list = refusedWords();
  const any = new RegExp(`\\b(${list.map(({ word }) => word).join('|')})\\b`, 'i');
  return files.flatMap((file) => {
    const lines = readFileSync(join(base, file), 'utf8').split('\n');
    return proseOf(file, lines).flatMap(({ text, line }) => {
      const found = any.exec(text)?.[1]?.toLowerCase();
      if (found === undefined) return [];
      const instead = list.find(({ word }) => word === found)?.instead;
      return [{ file, rule: 'wording', message: found, text: `${file}:${line}  says "${found}"; write: ${instead}` }];
    });
  });
}

/** The rows of the table: `| whoever, whomever | the actor |`. */
function refusedWords() {
  const [, after] = readFileSync(join(root, LIST), 'utf8').split(`${HEADING}\n`);
  const [table = ''] = (after ?? '').split(/^## /m);
  const rows = [...table.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|$/gm)].slice(2);
  if (rows.length === 0) throw new Error(`${LIST} has no table below "${HEADING}"`);
  return rows.flatMap(([, words = '', instead = '']) => words.split(', ').map((word) => ({ word, instead })));
}

/**
 * The lines of a file, each with the part that people read.
 *
 * @param {string} file
 * @param {readonly string[]} lines
 * @returns {Prose[]}
 */
function proseOf(file, lines) {
  if (file.endsWith('.md')) return proseOfMarkdown(file, lines);
  const comment = file.endsWith('.sql') ? /--\s(.*)/ : /\.(ya?ml|sh)$/.test(file) ? /(?:^|\s)#\s(.*)/ : null;
  return lines.flatMap((raw, index) => {
    const text = comment === null ? proseOfScript(raw.trim(), lines[index - 1]?.trim() ?? '') : comment.exec(raw)?.[1];
    return text === undefined || text === '' ? [] : [{ text: withoutCode(text), line: index + 1 }];
  });
}

/**
 * A comment, or the name of a test; a name may be on the line after `it(`.
 *
 * @param {string} line
 * @param {string} before
 */
function proseOfScript(line, before) {
  if (/^(\/\/|\/\*|\*)/.test(line)) return line;
  const isName = TEST.test(line) || (before.endsWith('(') && (TEST.test(before) || before === '])('));
  const names = isName ? [...line.matchAll(STRING)].map(([, , name]) => name) : [];
  return [...names, /\s\/\/\s(.*)$/.exec(line)?.[1] ?? ''].join(' ').trim();
}

/**
 * @param {string} file
 * @param {readonly string[]} lines
 * @returns {Prose[]}
 */
function proseOfMarkdown(file, lines) {
  let isCode = false;
  let isList = false;
  return lines.flatMap((raw, index) => {
    if (raw.trim().startsWith('```')) isCode = !isCode;
    if (raw.startsWith('## ')) isList = file === LIST && raw === HEADING;
    return isCode || isList ? [] : [{ text: withoutCode(raw), line: index + 1 }];
  });
}

/** @param {string} text */
function withoutCode(text) {
  return text.replaceAll(/`[^`]*`/g, '');
}
