// The checks. Each returns { size, problems }: the number of files it looked at, and one line per fault. The fixtures
// are compared with `file` and `rule` of a problem.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, schemas } from '../build.mjs';
import { ALWAYS, Memory, cacheFolder, digestOf, filesIn, remembered } from './memory.mjs';
import { parseReport, runTool } from './run-tool.mjs';
import { digestsOf } from './source-graph.mjs';

/**
 * @typedef {object} Problem one fault found
 * @property {string} text the line that tells it
 * @property {string} [file]
 * @property {string} [rule]
 * @property {string} [message]
 */
/** @typedef {{ readonly size: number | null; readonly problems: readonly Problem[] }} Found */

export const fixtures = join(root, 'scripts', 'check-fixtures');
const tool = (/** @type {string} */ path) => join(root, 'node_modules', path);

/** The inputs of the checks of imports and dead code. */
const SOURCES = [
  'gateway',
  'services',
  'packages',
  'scripts',
  '.dependency-cruiser.cjs',
  'knip.json',
  'eslint.config.mjs',
  'jest.config.cjs',
  'tsconfig.base.json',
  'tsconfig.check.json',
  'tsconfig.json',
  'pnpm-workspace.yaml',
];
/** What the linters check. */
const STYLED = [
  'gateway',
  'services',
  'packages',
  'scripts',
  'infra',
  'eslint.config.mjs',
  'jest.config.cjs',
  '.dependency-cruiser.cjs',
];
const STYLED_FILE = /\.(ts|[cm]js)$/;

/** @returns {Promise<Found>} */
export async function checkTypes() {
  mkdirSync(cacheFolder, { recursive: true });
  const fresh =
    process.env.LUMI_CHECK_FRESH === '1'
      ? ['--incremental', 'false']
      : ['--tsBuildInfoFile', join(cacheFolder, 'types.tsbuildinfo')];
  const result = await runTool(
    tool('typescript-7/bin/tsc'),
    ['-p', 'tsconfig.check.json', '--pretty', 'false', ...fresh],
    { cwd: root },
  );
  const lines = `${result.out}${result.err}`.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0 && result.code !== 0) lines.push(`the compiler ended with ${result.code} and said nothing`);
  return { size: null, problems: lines.map((text) => ({ text })) };
}

/** By the rules that look at one file alone: only files that ESLint has not passed in their present state. */
export async function checkSourceStyle() {
  const digests = new Map(styledFiles().map((file) => [relative(root, file), digestOf([relative(root, file)])]));
  return onlyNew('style', digests, ['eslint.config.mjs'], (files) => lint(files, root));
}

/**
 * By the rules that need types: only files that Oxlint has not passed in their present state, with all that they
 * import.
 */
export async function checkSourceTypedRules() {
  const digests = digestsOf(
    styledFiles(),
    schemas.map(({ dir }) => `${dir}/schema.prisma`),
  );
  return onlyNew('typed rules', digests, ['.oxlintrc.json'], (files) =>
    lintByTypes(files, root, 'tsconfig.check.json'),
  );
}

const styledFiles = () => filesIn(STYLED).filter((file) => STYLED_FILE.test(file) && !file.startsWith(fixtures));

/**
 * @param {string} name
 * @param {ReadonlyMap<string, string>} digests by file
 * @param {readonly string[]} settings on which every result depends
 * @param {(files: readonly string[]) => Promise<{ size: number; problems: readonly Problem[] }>} look
 * @returns {Promise<Found>}
 */
async function onlyNew(name, digests, settings, look) {
  /** @type {Memory<string>} */
  const memory = new Memory(name);
  const rules = digestOf([...ALWAYS, ...settings]);
  const isKnown = (/** @type {string} */ file) => memory.get(file) === `${rules} ${digests.get(file)}`;
  const asked = [...digests.keys()].filter((file) => !isKnown(file));
  const { size, problems } = asked.length === 0 ? { size: 0, problems: [] } : await look(asked);
  const bad = new Set(problems.map(({ file }) => file));
  // A file that the tool was asked for and skipped was not looked at: then none is remembered.
  const good = [...digests].filter(([file]) => isKnown(file) || (size === asked.length && !bad.has(file)));
  memory.write(Object.fromEntries(good.map(([file, digest]) => [file, `${rules} ${digest}`])));
  return { size: digests.size - asked.length + size, problems };
}

/** @param {string} cwd */
export async function checkStyle(cwd) {
  const folders = STYLED.filter((folder) => existsSync(join(cwd, folder)));
  return lint(['--config', join(root, 'eslint.config.mjs'), ...folders.map((one) => `${one}/**/*.{ts,mjs}`)], cwd);
}

/** @param {string} cwd */
export async function checkTypedRules(cwd) {
  return lintByTypes(
    STYLED.filter((folder) => existsSync(join(cwd, folder))),
    cwd,
    'tsconfig.json',
  );
}

/**
 * These files of the sources, by all rules.
 *
 * @param {readonly string[]} files
 */
export async function lintSources(files) {
  const found = await Promise.all([lint(files, root), lintByTypes(files, root, 'tsconfig.check.json')]);
  return { problems: found.flatMap(({ problems }) => problems) };
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function lint(args, cwd) {
  /** @type {{ filePath: string; messages: { line: number; ruleId: string | null; message: string }[] }[]} */
  const files = parseReport(
    'ESLint',
    await runTool(tool('eslint/bin/eslint.js'), ['--format', 'json', ...args], { cwd }),
  );
  const problems = files.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => problem(relative(cwd, filePath), line, message, ruleId ?? 'eslint')),
  );
  return { size: files.length, problems };
}

/**
 * Oxlint asks TypeScript 7 for the types: a fifth of the time that ESLint's own rules of the same names take.
 *
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {string} tsConfig
 */
async function lintByTypes(args, cwd, tsConfig) {
  const options = ['--config', join(root, '.oxlintrc.json'), '--disable-nested-config', '--no-ignore', '--type-aware'];
  /**
   * @type {{
   *   number_of_files: number;
   *   diagnostics: { filename: string; code: string; message: string; labels: { span: { line: number } }[] }[];
   * }}
   */
  const report = parseReport(
    'Oxlint',
    await runTool(tool('oxlint/bin/oxlint'), [...options, '--tsconfig', tsConfig, '--format', 'json', ...args], {
      cwd,
    }),
  );
  const problems = report.diagnostics.map(({ filename, code, message, labels }) =>
    problem(filename, labels[0]?.span.line ?? 0, message, code),
  );
  return { size: report.number_of_files, problems };
}

/**
 * @param {string} file
 * @param {number} line
 * @param {string} message
 * @param {string} rule
 */
const problem = (file, line, message, rule) => ({ file, rule, message, text: `${file}:${line}  ${message} (${rule})` });

export const checkSourceImports = () => remembered('imports', SOURCES, () => checkImports(root));
export const checkSourceDeadCode = () => remembered('dead code', SOURCES, () => checkDeadCode(root));

/** @param {string} cwd */
export async function checkImports(cwd) {
  const tsConfig = cwd === root ? 'tsconfig.check.json' : 'tsconfig.json';
  const rulesFile = join(root, '.dependency-cruiser.cjs');
  /** @type {import('./cruise.mjs').Cruised} */
  const { modules, violations } = parseReport(
    'dependency-cruiser',
    await runTool(join(root, 'scripts', 'check', 'cruise.mjs'), [rulesFile, tsConfig], { cwd }),
  );
  /** @type {import('dependency-cruiser').IConfiguration} */
  const { forbidden = [] } = createRequire(import.meta.url)(rulesFile);
  const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]));
  const problems = violations.map(({ from, to, rule, cycle }) => {
    const way = cycle === undefined ? `${from} → ${to}` : [from, ...cycle].join(' → ');
    return { file: from, rule, text: `${way}\n    ${comments.get(rule)} (${rule})` };
  });
  return { size: modules, problems: oncePerFile(problems) };
}

/**
 * A file that breaks a rule by many imports is reported once.
 *
 * @param {readonly Problem[]} problems
 */
function oncePerFile(problems) {
  return [...new Map(problems.map((problem) => [`${problem.rule} ${problem.file}`, problem])).values()];
}

const DEAD = {
  files: 'unused file',
  exports: 'unused export',
  types: 'unused type',
  dependencies: 'unused dependency',
  devDependencies: 'unused dependency',
  unlisted: 'unlisted dependency',
  unresolved: 'unresolved import',
  duplicates: 'duplicate export',
  binaries: 'unlisted program',
  enumMembers: 'unused enum member',
};
/** @type {readonly (keyof typeof DEAD)[]} */
const DEAD_KINDS = [
  'files',
  'exports',
  'types',
  'dependencies',
  'devDependencies',
  'unlisted',
  'unresolved',
  'duplicates',
  'binaries',
  'enumMembers',
];

/** @typedef {{ readonly name?: string }} DeadThing what knip names; of things that are the same, all */
/** @typedef {DeadThing | readonly DeadThing[]} Dead */
/** @typedef {{ file: string } & Partial<Record<keyof typeof DEAD, readonly Dead[]>>} DeadOfFile */

/** @param {string} cwd */
export async function checkDeadCode(cwd) {
  /** @type {{ issues: readonly DeadOfFile[] }} */
  const report = parseReport(
    'knip',
    await runTool(
      tool('knip/bin/knip.js'),
      ['--reporter', 'json', '--no-progress', '--no-config-hints', '--no-exit-code'],
      { cwd },
    ),
  );
  const problems = report.issues.flatMap((issue) =>
    DEAD_KINDS.flatMap((kind) =>
      (issue[kind] ?? []).map((found) => ({
        file: issue.file,
        rule: `knip: ${DEAD[kind]}`,
        text: `${issue.file}: ${DEAD[kind]} ${kind === 'files' ? '' : nameOf(found)}`,
      })),
    ),
  );
  return { size: null, problems };
}

/** @param {Dead} found */
function nameOf(found) {
  const all = 'length' in found ? found : [found];
  return all.map((one) => one.name ?? String(one)).join(', ');
}
