// Checks that the rules work: one of the tools must report every `// must fail: RULE` of scripts/check-fixtures.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkDeadCode, checkImports, checkStyle, checkTypedRules, fixtures } from './checks.mjs';
import { checkSizeIn } from './format.mjs';
import { remembered } from './memory.mjs';
import { checkBrokenDocuments } from './openapi.mjs';
import { checkWordingIn } from './wording.mjs';

const RULES = [
  'scripts/check-fixtures',
  'eslint.config.mjs',
  '.oxlintrc.json',
  '.dependency-cruiser.cjs',
  'tsconfig.base.json',
  'tsconfig.check.json',
  'docs/writing.md',
];

export const checkFixtures = () => remembered('fixtures', RULES, compare);

async function compare() {
  const expected = expectations();
  const found = [
    await checkStyle(fixtures),
    await checkTypedRules(fixtures),
    await checkImports(fixtures),
    await checkDeadCode(fixtures),
    await checkBrokenDocuments(),
    checkWordingIn(fixtures),
    checkSizeIn(fixtures),
  ].flatMap(({ problems }) => problems);
  const silent = expected.filter(
    ({ file, rule, part }) =>
      !found.some(
        (problem) => problem.file === file && problem.rule === rule && (problem.message ?? '').includes(part),
      ),
  );
  return {
    size: expected.length,
    problems: silent.map(({ file, rule, part }) => ({
      text: `${file} breaks ${rule}${part === '' ? '' : ` (${part})`}, and no tool said so`,
    })),
  };
}

function expectations() {
  const files = readdirSync(fixtures, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.(ts|mjs|json|md|sql)$/.test(entry.name),
  );
  return files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [
      ...readFileSync(path, 'utf8').matchAll(/must fail: (knip: [\w ]+|[^\s:"]+)(?:: (.+?))?(?:"?,?| -->)$/gm),
    ].map(([, rule, part = '']) => ({ file: relative(fixtures, path), rule, part }));
  });
}
