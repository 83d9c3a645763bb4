// The TypeScript files on which a file's types can depend: itself and all that it imports, directly or indirectly. The
// result of the typed rules for a file can change only when one of those has changed.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from '../build.mjs';
import { digestOf, digestOfText } from './memory.mjs';

/**
 * @typedef {object} Node
 * @property {string} own its digest
 * @property {readonly string[]} imports
 * @property {boolean} isGlobal
 */

/** Also finds text inside a string that looks like an import: an extra dependency does no harm. */
const IMPORT = /\b(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g;
const ROOM = /^@lumi\/shared\/(.+)$/;
const DOUBLE = /^@lumi\/([a-z-]+-double)$/;
/** Declared for all files, imported by none. */
const GLOBAL = /^\s*declare (?:global|module)\b/m;
const SETTINGS = [
  'pnpm-lock.yaml',
  'package.json',
  '.oxlintrc.json',
  'tsconfig.base.json',
  'tsconfig.check.json',
  'scripts/check',
];

/**
 * Digests of whole imports, by file (absolute paths in, paths below the root out).
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} schemas
 * @returns {Map<string, string>}
 */
export function digestsOf(files, schemas) {
  /** @type {Map<string, Node>} */
  const nodes = new Map();
  for (const file of files) node(file, nodes);
  const globals = [...nodes.values()]
    .filter(({ isGlobal }) => isGlobal)
    .map(({ own }) => own)
    .sort();
  const settings = digestOfText([digestOf([...SETTINGS, ...schemas]), ...globals].join('\n'));
  return new Map(
    files.map((file) => [relative(root, file), digestOfText([settings, file, ...reached(file, nodes)].join('\n'))]),
  );
}

/**
 * @param {string} file
 * @param {Map<string, Node>} nodes
 * @returns {Node}
 */
function node(file, nodes) {
  const known = nodes.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  /** @type {Node} */
  const made = {
    own: digestOfText(`${relative(root, file)}\n${text}`),
    imports: [],
    isGlobal: file.endsWith('.d.ts') || GLOBAL.test(text),
  };
  nodes.set(file, made);
  // Prisma's clients are made from the schemas, which count for every file.
  if (!file.includes('/generated/'))
    made.imports = [
      ...new Set(
        [...text.matchAll(IMPORT)].map(([, specifier = '']) => target(file, specifier)).filter((path) => path !== null),
      ),
    ];
  for (const next of made.imports) node(next, nodes);
  return made;
}

/**
 * The file below the root that an import leads to; null for packages, which the lockfile decides.
 *
 * @param {string} from
 * @param {string} specifier
 */
function target(from, specifier) {
  const room = ROOM.exec(specifier)?.[1];
  if (room !== undefined) return firstFile(join(root, 'packages', 'shared', 'src', room, 'index'));
  const double = DOUBLE.exec(specifier)?.[1];
  if (double !== undefined) return firstFile(join(root, 'packages', double, 'src', 'index'));
  return specifier.startsWith('.') ? firstFile(join(dirname(from), specifier)) : null;
}

/** @param {string} path */
function firstFile(path) {
  return (
    [`${path}.ts`, `${path}/index.ts`, `${path}.d.ts`, path].find((one) => /\.\w+$/.test(one) && existsSync(one)) ??
    null
  );
}

/**
 * @param {string} start
 * @param {Map<string, Node>} nodes
 */
function reached(start, nodes) {
  const seen = new Set([start]);
  for (const file of seen) for (const next of nodes.get(file)?.imports ?? []) seen.add(next);
  return [...seen].map((file) => nodes.get(file)?.own ?? '').sort();
}
