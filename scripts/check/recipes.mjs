// Checks that the contract test has a recipe for each operation. That test itself would fail only after minutes; here
// the documents are compared with the names of the recipes (scripts/test/contract/recipes-*.ts), and nothing is called.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../build.mjs';
import { cacheFolder } from './memory.mjs';

/** @typedef {import('./checks.mjs').Problem} Problem */

/**
 * The names of the recipes by document: `services/domains` has those of scripts/test/contract/recipes-domains.ts.
 *
 * @param {readonly import('./documents.mjs').NamedDocument[]} documents
 */
export async function serviceRecipes(documents) {
  const products = documents.map(({ name }) => ({ name, product: productOf(name) }));
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      products.map(({ product }) => [product, `scripts/test/contract/recipes-${product}.ts`]),
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
    products.map(({ name, product }) => [
      name,
      Object.keys(own(join(cacheFolder, 'recipes', `${product}.cjs`))[product.toUpperCase()]),
    ]),
  );
}

/**
 * @param {string} file
 * @param {import('./documents.mjs').Document} document
 * @param {readonly string[]} recipes
 * @returns {Problem[]}
 */
export function checkRecipes(file, document, recipes) {
  const operations = Object.values(document.paths ?? {}).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  const where = `scripts/test/contract/recipes-${productOf(file)}.ts`;
  /**
   * @param {string} message
   * @param {string} rule
   * @param {string} sentence
   */
  const told = (message, rule, sentence) => ({ file, rule, message, text: `${file}: ${sentence} (${rule})` });
  const missing = operations
    .filter((id) => !recipes.includes(id))
    .map((id) =>
      told(id, 'recipe-missing', `${id} has no recipe: say in ${where} how it is called so that it succeeds`),
    );
  const idle = recipes
    .filter((id) => !operations.includes(id))
    .map((id) => told(id, 'recipe-idle', `${where} has a recipe for ${id}, which is no operation of the document`));
  return [...missing, ...idle];
}

/** @param {string} name the document's: services/vps */
function productOf(name) {
  return name.split('/').at(-1) ?? '';
}
