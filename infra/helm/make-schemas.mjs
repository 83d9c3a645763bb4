// Writes the charts' values.schema.json from infra/helm/schemas: `node infra/helm/make-schemas.mjs`. With --check it
// writes nothing and fails if a file differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { charts } from './schemas/charts.mjs';

const isCheck = process.argv.includes('--check');

for (const [chart, schema] of Object.entries(charts)) {
  const file = join(import.meta.dirname, chart, 'values.schema.json');
  const text = await format(JSON.stringify(schema), { ...(await resolveConfig(file)), filepath: file });
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (isCheck) {
    console.error(`${file} is not what infra/helm/schemas says: run node infra/helm/make-schemas.mjs`);
    process.exitCode = 1;
  } else writeFileSync(file, text);
}
