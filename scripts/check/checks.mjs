// The checks themselves. Each returns { size, problems }: how much it looked at, and one line per fault found. `file` and `rule` of a
// problem are what the fixtures are compared with.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseReport, runTool } from './run-tool.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const fixtures = join(root, 'scripts', 'check-fixtures');
const tool = (path) => join(root, 'node_modules', path);

export async function checkTypes() {
  const result = await runTool(tool('typescript/bin/tsc'), ['-p', 'tsconfig.check.json', '--pretty', 'false'], { cwd: root });
  const lines = `${result.out}${result.err}`.split('\n').filter((line) => line.trim() !== '');
  return { size: null, problems: lines.map((text) => ({ text })) };
}

export async function checkStyle(cwd = root) {
  // Relative to the config: ESLint's command takes the spaces out of the value.
  const own = cwd === root ? [] : ['--config', join(root, 'eslint.config.mjs'), '--parser-options', `project:${relative(root, join(cwd, 'tsconfig.json'))}`];
  const folders = ['gateway', 'services', 'packages', 'scripts/test'].filter((folder) => existsSync(join(cwd, folder)));
  const result = await runTool(tool('eslint/bin/eslint.js'), ['--format', 'json', ...own, ...folders.map((folder) => `${folder}/**/*.ts`)], { cwd });
  const files = parseReport('ESLint', result);
  const problems = files.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => {
      const file = relative(cwd, filePath);
      return { file, rule: ruleId ?? 'eslint', message, text: `${file}:${line}  ${message} (${ruleId ?? 'eslint'})` };
    }),
  );
  return { size: files.length, problems };
}

export async function checkImports(cwd = root) {
  const tsConfig = cwd === root ? 'tsconfig.check.json' : 'tsconfig.json';
  const rulesFile = join(root, '.dependency-cruiser.cjs');
  const { modules, violations } = parseReport('dependency-cruiser', await runTool(join(root, 'scripts', 'check', 'cruise.mjs'), [rulesFile, tsConfig], { cwd }));
  const comments = new Map(createRequire(import.meta.url)(rulesFile).forbidden.map(({ name, comment }) => [name, comment]));
  const problems = violations.map(({ from, to, rule, cycle }) => {
    const way = cycle === undefined ? `${from} → ${to}` : [from, ...cycle].join(' → ');
    return { file: from, rule, text: `${way}\n    ${comments.get(rule)} (${rule})` };
  });
  return { size: modules, problems: oncePerFile(problems) };
}

// A file that breaks a rule by many imports is told once.
function oncePerFile(problems) {
  return [...new Map(problems.map((problem) => [`${problem.rule} ${problem.file}`, problem])).values()];
}

const DEAD = { files: 'unused file', exports: 'unused export', types: 'unused type', dependencies: 'unused dependency', devDependencies: 'unused dependency', unlisted: 'unlisted dependency', unresolved: 'unresolved import', duplicates: 'duplicate export', binaries: 'unlisted program', enumMembers: 'unused enum member' };

export async function checkDeadCode(cwd = root) {
  const report = parseReport('knip', await runTool(tool('knip/bin/knip.js'), ['--reporter', 'json', '--no-progress', '--no-config-hints', '--no-exit-code'], { cwd }));
  const problems = report.issues.flatMap((issue) =>
    Object.entries(DEAD).flatMap(([kind, rule]) =>
      (issue[kind] ?? []).map((found) => ({ file: issue.file, rule: `knip: ${rule}`, text: `${issue.file}: ${rule} ${kind === 'files' ? '' : nameOf(found)}` })),
    ),
  );
  return { size: null, problems };
}

function nameOf(found) {
  return Array.isArray(found) ? found.map(nameOf).join(', ') : (found.name ?? String(found));
}
