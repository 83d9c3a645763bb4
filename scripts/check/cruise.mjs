// Child of imports.mjs, run in the folder to look at: dependency-cruiser reads the working directory. Its own command
// refuses Node 20, its functions work there.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import readTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

/** @typedef {{ from: string; to: string; rule: string; cycle: string[] | undefined }} Violation */
/** @typedef {{ modules: number; violations: Violation[] }} Cruised what this prints */

const [rulesFile = '', tsConfigFile = ''] = process.argv.slice(2);
const { forbidden, options } = createRequire(import.meta.url)(rulesFile);
// This file has the paths of the workspace; without it only built packages would be found.
const tsConfig = join(process.cwd(), tsConfigFile);
const { output } = await cruise(
  ['gateway', 'services', 'packages'],
  {
    validate: true,
    ruleSet: { forbidden },
    exclude: options.exclude.path,
    doNotFollow: options.doNotFollow.path,
    tsPreCompilationDeps: options.tsPreCompilationDeps,
    tsConfig: { fileName: tsConfig },
  },
  options.enhancedResolveOptions,
  { tsConfig: readTsConfig(tsConfig) },
);
if (typeof output === 'string') throw new Error(output);
const violations = output.summary.violations.map(({ from, to, rule, cycle }) => ({
  from,
  to,
  rule: rule.name,
  cycle: cycle?.map((step) => step.name),
}));
process.stdout.write(JSON.stringify({ modules: output.summary.totalCruised, violations }));
