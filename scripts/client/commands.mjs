// What the command line has to know of each operation: its name, and the fields that become arguments and options.
import { operationsOf } from './operations.mjs';

/** @typedef {import('./operations.mjs').Json} Json */
/** @typedef {import('./operations.mjs').Document} Document */

const TEXT_MAX = 110;
/** Options of every command. */
const OWN = new Set(['dry_run', 'user_id', 'cursor']);

/**
 * The text of packages/cli/src/generated/commands.ts.
 *
 * @param {readonly { product: string; document: Document }[]} documents
 */
export function commandSource(documents) {
  const commands = Object.fromEntries(documents.map(({ product, document }) => [product, commandsOf(document)]));
  return `// Made from the OpenAPI documents by scripts/client.mjs. Do not edit.
import type { Commands } from '../commands';

export const commands = ${JSON.stringify(commands, null, 1)} as const satisfies Commands;
`;
}

/** @param {Document} document */
function commandsOf(document) {
  return operationsOf(document).map(({ id, name, flags, pathParams, documented }) => {
    const queries = (documented.parameters ?? [])
      .filter((one) => one.in === 'query' && !OWN.has(one.name))
      .map(({ name, required, schema = {}, ...more }) =>
        field(document, name, 'query', required === true, { ...schema, ...more }),
      );
    const body = bodyFields(document, documented.requestBody?.content['application/json']?.schema);
    const taken = new Set(queries.map((one) => one.name));
    return {
      id,
      resource: kebab(name.split('.')[0] ?? ''),
      method: kebab(name.split('.')[1] ?? ''),
      summary: documented.summary ?? id,
      flags,
      path: pathParams,
      fields: [...queries, ...body.filter((one) => !taken.has(one.name) && !OWN.has(one.name))],
    };
  });
}

/**
 * The fields of a body. Of alternatives, every field, required if each alternative requires it.
 *
 * @param {Document} document
 * @param {Json | undefined} given
 * @returns {ReturnType<typeof field>[]}
 */
function bodyFields(document, given) {
  const schema = resolved(document, given);
  const forms = /** @type {Json[]} */ (schema.anyOf ?? schema.oneOf ?? []).map((form) => bodyFields(document, form));
  const required = /** @type {string[]} */ (schema.required ?? []);
  const own = Object.entries(/** @type {Record<string, Json>} */ (schema.properties ?? {})).map(([name, one]) =>
    field(document, name, 'body', required.includes(name), one),
  );
  const all = new Map(own.map((one) => [one.name, one]));
  for (const one of forms.flat())
    if (!all.has(one.name))
      all.set(one.name, {
        ...one,
        required: forms.every((form) => form.some((other) => other.name === one.name && other.required)),
      });
  return [...all.values()];
}

/**
 * @param {Document} document
 * @param {string} name
 * @param {'query' | 'body'} place
 * @param {boolean} required
 * @param {Json} given
 */
function field(document, name, place, required, given) {
  const { description = '', ...schema } = { ...given, ...resolved(document, given) };
  const text = String(given.description ?? description);
  return {
    name,
    place,
    type: typeOf(document, schema),
    required,
    ...(Array.isArray(schema.enum) && schema.enum.every((one) => typeof one === 'string')
      ? { choices: schema.enum }
      : {}),
    text: text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 1).trimEnd()}…` : text,
  };
}

/**
 * @param {Document} document
 * @param {Json} schema
 * @returns {'text' | 'number' | 'boolean' | 'texts' | 'json'}
 */
function typeOf(document, schema) {
  const forms = /** @type {Json[]} */ (schema.anyOf ?? schema.oneOf ?? []).map((form) => resolved(document, form));
  const real = forms.filter((form) => form.type !== 'null');
  if (real.length === 1 && real[0] !== undefined) return typeOf(document, real[0]);
  const types = [schema.type].flat().filter((type) => type !== 'null');
  if (types.length !== 1) return types.length === 0 && (schema.enum ?? schema.const) !== undefined ? 'text' : 'json';
  if (types[0] === 'string') return 'text';
  if (types[0] === 'integer' || types[0] === 'number') return 'number';
  if (types[0] === 'boolean') return 'boolean';
  if (types[0] !== 'array') return 'json';
  return resolved(document, /** @type {Json} */ (schema.items ?? {})).type === 'string' ? 'texts' : 'json';
}

/**
 * @param {Document} document
 * @param {Json | undefined} schema
 * @returns {Json}
 */
function resolved(document, schema = {}) {
  if (typeof schema.$ref !== 'string') return schema;
  const schemas = /** @type {Record<string, Json>} */ (document.components.schemas);
  return schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {};
}

/** @param {string} text */
function kebab(text) {
  return text.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
