// The OpenAPI documents of the three services, as the tests make them (scripts/test/documents.ts).
import { loadSources } from './load-sources.mjs';

/** @typedef {{ operationId: string }} Operation */
/** @typedef {{ paths?: Record<string, Record<string, Operation>>; 'x-recipes'?: string[] }} Document */
/** @typedef {{ name: string; document: Document }} NamedDocument */
/** @typedef {'domains' | 'vps' | 'proxy'} Product */

/** @type {readonly Product[]} */
const PRODUCTS = ['domains', 'vps', 'proxy'];

/** `withoutSharing` of the room `contract`: the operations with all that they share with others. */
export async function withoutSharing() {
  const exportsOf = await loadSources({ whole: 'packages/shared/src/ground/contract/whole-document.ts' });
  return /** @type {{ withoutSharing: <D>(document: D) => D }} */ (exportsOf('whole')).withoutSharing;
}

/**
 * One for each service.
 *
 * @returns {Promise<NamedDocument[]>}
 */
export async function serviceDocuments() {
  const exportsOf = await loadSources({ documents: 'scripts/test/documents.ts' });
  const { documentOf } = /** @type {{ documentOf: (product: Product) => Document }} */ (exportsOf('documents'));
  return PRODUCTS.map((product) => ({ name: `services/${product}`, document: documentOf(product) }));
}
