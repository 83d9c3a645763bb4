// `npm run check`: everything about the sources that a machine can judge without running them. Every check that fails says what it
// found and the command that shows or repairs it.
import { build } from './build.mjs';
import { install } from './install.mjs';

// A tool that looks at nothing finds nothing: each has to see at least this much.
const CHECKS = [
  { name: 'types', module: 'checks', run: 'checkTypes', repair: 'npx tsc -p tsconfig.check.json' },
  { name: 'style', module: 'checks', run: 'checkStyle', atLeast: 200, repair: 'npx eslint --fix gateway services packages' },
  { name: 'imports', module: 'checks', run: 'checkImports', atLeast: 200, repair: 'node scripts/check.mjs imports   (the rules: .dependency-cruiser.cjs)' },
  { name: 'dead code', module: 'checks', run: 'checkDeadCode', repair: 'npx knip   (delete what it names, or use it)' },
  { name: 'OpenAPI documents', module: 'openapi', run: 'checkOpenApi', atLeast: 200, repair: 'node scripts/check.mjs OpenAPI   (the document is made from what operations/ declares)' },
  { name: 'the rules themselves', module: 'fixtures', run: 'checkFixtures', atLeast: 40, repair: 'node scripts/check.mjs rules   (see scripts/check-fixtures/README.md)' },
];
const SHOWN_MAX = 40;

async function main(only) {
  await install();
  await build();
  let failed = 0;
  for (const check of CHECKS.filter(({ name }) => only === undefined || name.includes(only))) {
    const startedAt = performance.now();
    const { [check.run]: run } = await import(`./check/${check.module}.mjs`);
    const { size, problems } = await run();
    if (check.atLeast !== undefined && size < check.atLeast) problems.push({ text: `looked at ${size} only, expected at least ${check.atLeast}: is the tool set up right?` });
    if (problems.length > 0) failed += 1;
    say(check, size, problems, performance.now() - startedAt);
  }
  console.log(failed === 0 ? 'check: all good' : `check: ${failed} of ${CHECKS.length} failed`);
  return failed === 0 ? 0 : 1;
}

function say({ name, repair }, size, problems, ms) {
  const seen = size === null ? '' : `, ${size} looked at`;
  if (problems.length === 0) {
    console.log(`✓ ${name} (${(ms / 1000).toFixed(1)} s${seen})`);
    return;
  }
  console.log(`✗ ${name}: ${problems.length} found${seen}`);
  for (const { text } of problems.slice(0, SHOWN_MAX)) console.log(`  ${text}`);
  if (problems.length > SHOWN_MAX) console.log(`  … and ${problems.length - SHOWN_MAX} more`);
  console.log(`  to repair: ${repair}\n`);
}

try {
  process.exitCode = await main(process.argv[2]);
} catch (err) {
  console.error(err.message);
  process.exitCode = 1;
}
