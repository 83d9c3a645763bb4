// Checks that the contract test has a recipe for each operation. That test itself would fail only after minutes; here
// the documents are compared with the names of the recipes (scripts/test/contract/recipes-*.ts), and nothing is called.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../build.mjs';
import { cacheFolder } from './memory.mjs';

/** The names of the recipes by document: `services/domains` has those of scripts/test/contract/recipes-domains.ts. */
export async function serviceRecipes(documents) {
  const products = documents.map(({ name }) => [name, name.split('/').pop()]);
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      products.map(([, product]) => [product, `scripts/test/contract/recipes-${product}.ts`]),
    ),
    outdir: join(cacheFolder, 'recipes'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    tsconfig: 'tsconfig.check.json',
    logLevel: 'error',
  });
  const own = createRequire(import.meta.url);
  return new Map(
    products.map(([name, product]) => [
      name,
      Object.keys(own(join(cacheFolder, 'recipes', `${product}.cjs`))[product.toUpperCase()]),
    ]),
  );
}

export function checkRecipes(file, document, recipes) {
  const operations = Object.values(document.paths ?? {}).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  const where = `scripts/test/contract/recipes-${file.split('/').pop()}.ts`;
  const missing = operations
    .filter((id) => !recipes.includes(id))
    .map((id) => [id, 'recipe-missing', `${id} has no recipe: say in ${where} how it is called so that it succeeds`]);
  const idle = recipes
    .filter((id) => !operations.includes(id))
    .map((id) => [id, 'recipe-idle', `${where} has a recipe for ${id}, which is no operation of the document`]);
  return [...missing, ...idle].map(([message, rule, sentence]) => ({
    file,
    rule,
    message,
    text: `${file}: ${sentence} (${rule})`,
  }));
}
