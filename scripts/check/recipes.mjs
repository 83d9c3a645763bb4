// Checks that the contract test has a recipe for each operation. That test itself would fail only after minutes; here
// the documents are compared with the names of the recipes (scripts/test/contract/recipes-*.ts), and nothing is called.
import { loadSources } from './load-sources.mjs';

/** @typedef {import('./checks.mjs').Problem} Problem */

/**
 * The names of the recipes by document: `services/domains` has those of scripts/test/contract/recipes-domains.ts.
 *
 * @param {readonly import('./documents.mjs').NamedDocument[]} documents
 */
export async function serviceRecipes(documents) {
  const products = documents.map(({ name }) => ({ name, product: productOf(name) }));
  const exportsOf = await loadSources(
    Object.fromEntries(
      products.map(({ product }) => [`recipes-${product}`, `scripts/test/contract/recipes-${product}.ts`]),
    ),
  );
  const namesOf = (/** @type {string} */ product) => {
    const exported = /** @type {Readonly<Record<string, object>>} */ (exportsOf(`recipes-${product}`));
    return Object.keys(exported[product.toUpperCase()] ?? {});
  };
  return new Map(products.map(({ name, product }) => [name, namesOf(product)]));
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
