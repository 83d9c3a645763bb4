// The pre-commit hook. For the staged files: the linters on sources, a syntax
// check of scripts, JSON and YAML, no conflict marks, and no change of an applied migration. Types are checked for the
// whole project, which is quick because the compiler keeps its results. Bounded: many files are left to `npm run
// check`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../install.mjs';
import { root } from '../build.mjs';
import { messageOf } from '../errors.mjs';

const LINTED_MAX = 100;
const CONFLICT = /^(<{7} |>{7} |={7}$)/m;
const MIGRATION = /\/migrations\/\d{14}_\w+\/migration\.sql$/;

async function main() {
  if (!isInstalled())
    return [
      'The dependencies are not what the lockfile says: run `npm test -- node-versions`, or any other npm ' +
        'command of Lumi, once.',
    ];
  const staged = namesOf('ACMR').filter((file) => !file.startsWith('scripts/check-fixtures/'));
  const faults = namesOf('MR')
    .filter((file) => MIGRATION.test(file))
    .map(
      (file) =>
        `${file}: a migration that has landed is never edited; write a new one (node scripts/new-migration.mjs)`,
    );
  for (const file of staged) faults.push(...(await readable(file)));
  const sources = staged.filter((file) => /\.(ts|[cm]js)$/.test(file));
  if (sources.length === 0) return faults;
  const { checkTypes, lintSources } = await import('./checks.mjs');
  const judged = await Promise.all([
    checkTypes(),
    sources.length > LINTED_MAX ? { problems: [] } : lintSources(sources),
  ]);
  if (sources.length > LINTED_MAX) console.log(`${sources.length} files: their style is left to npm run check`);
  return [...faults, ...judged.flatMap(({ problems }) => problems.map(({ text }) => text))];
}

/** @param {string} filter of `git diff`, such as ACMR */
function namesOf(filter) {
  return execFileSync('git', ['diff', '--cached', '--name-only', '-z', `--diff-filter=${filter}`], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((name) => name !== '');
}

/** @param {string} file */
async function readable(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const faults =
    /\.(ts|mjs|cjs|json|ya?ml|md|sql|sh)$/.test(file) && CONFLICT.test(text) ? [`${file}: marks of a conflict`] : [];
  try {
    if (file.endsWith('.json') && !file.startsWith('.vscode/')) JSON.parse(text);
    if (/\.ya?ml$/.test(file)) (await import('yaml')).parse(text);
    if (/\.[cm]js$/.test(file)) execFileSync(process.execPath, ['--check', join(root, file)], { stdio: 'pipe' });
  } catch (err) {
    faults.push(`${file}: ${String(toldBy(err)).trim().split('\n').slice(0, 4).join('\n    ')}`);
  }
  return faults;
}

/**
 * What a program that was run said, or what was thrown.
 *
 * @param {unknown} err
 */
function toldBy(err) {
  return typeof err === 'object' && err !== null && 'stderr' in err ? err.stderr : messageOf(err);
}

const faults = await main();
if (faults.length > 0) {
  console.error(
    `${faults.join('\n')}\n\nNothing was committed. (git commit --no-verify leaves this out; npm run check ` +
      'will ask again.)',
  );
  process.exitCode = 1;
}
