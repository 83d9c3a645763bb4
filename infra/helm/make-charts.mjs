// Writes what the charts hold of other files: values.schema.json from infra/helm/schemas, and the rules of
// infra/monitoring, because a chart can read no file outside of it. `node infra/helm/make-charts.mjs`; with --check it
// writes nothing and fails if a file differs.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { charts } from './schemas/charts.mjs';

const isCheck = process.argv.includes('--check');
const here = import.meta.dirname;
const rules = join(here, '..', 'monitoring', 'rules');

for (const [chart, schema] of Object.entries(charts)) {
  const file = join(here, chart, 'values.schema.json');
  put(file, await format(JSON.stringify(schema), { ...(await resolveConfig(file)), filepath: file }));
}
for (const name of readdirSync(rules).filter((one) => one.endsWith('.rules.yml')))
  put(join(here, 'lumi-gateway', 'rules', name), readFileSync(join(rules, name), 'utf8'));

/**
 * @param {string} file
 * @param {string} text
 */
function put(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  if (isCheck) {
    console.error(`${file} is not up to date: run node infra/helm/make-charts.mjs`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
