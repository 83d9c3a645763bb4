// What the client has to know of each operation, read from a service's OpenAPI document.
import { clientNames } from './names.mjs';

/** @typedef {Readonly<Record<string, unknown>>} Json */
/** @typedef {{ name: string; in: string; required?: boolean; schema?: Json }} Parameter */
/** @typedef {{ schema?: Json }} Media */
/** @typedef {{ content?: Readonly<Record<string, Media>>; $ref?: string; headers?: unknown }} DocumentedAnswer */
/**
 * @typedef {object} DocumentedOperation
 * @property {string} operationId
 * @property {string} [summary]
 * @property {string} [description]
 * @property {readonly Parameter[]} [parameters]
 * @property {{ required?: boolean; content: Readonly<Record<string, Media>> }} [requestBody]
 * @property {Readonly<Record<string, DocumentedAnswer>>} responses
 */
/** @typedef {Readonly<Record<string, Readonly<Record<string, DocumentedOperation & Json>>>>} Paths */
/** @typedef {{ paths: Paths; components: Json }} Document */
/**
 * @typedef {object} ClientOperation
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {string} name `resource.method`
 * @property {string} flags letters of what is true of it, below
 * @property {readonly string[]} pathParams
 * @property {boolean} needsQuery
 * @property {boolean} needsBody
 * @property {DocumentedOperation} documented
 */

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];
/** They are options of every call. */
const OPTION_QUERIES = new Set(['dry_run', 'user_id']);

/**
 * @param {Document} document
 * @returns {ClientOperation[]}
 */
export function operationsOf(document) {
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const documented = methods[method];
      return documented === undefined ? [] : [{ id: documented.operationId, method, path, documented }];
    }),
  );
  const names = clientNames(listed);
  return listed.map(({ id, method, path, documented }) => {
    const parameters = documented.parameters ?? [];
    const queries = parameters.filter((one) => one.in === 'query');
    const own = queries.filter(({ name }) => !OPTION_QUERIES.has(name));
    const has = (/** @type {string} */ name) => queries.some((query) => query.name === name);
    const body = documented.requestBody;
    // Money, guarded, guarded if the body says `auto_renew: true`, dry run, user_id, pages, body, query of its own.
    const isSet = {
      m: documented['x-lumi-class'] === 'money',
      g: documented['x-lumi-class'] === 'guarded',
      a: documented['x-lumi-class'] === 'regular' && documented['x-lumi-auto-renew'] !== undefined,
      d: has('dry_run'),
      u: has('user_id'),
      p: method === 'get' && has('cursor') && has('limit'),
      b: body !== undefined,
      q: own.length > 0,
    };
    return {
      id,
      method: method.toUpperCase(),
      path,
      name: names.get(id) ?? '',
      flags: Object.entries(isSet)
        .filter(([, yes]) => yes)
        .map(([letter]) => letter)
        .join(''),
      pathParams: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
      needsQuery: own.some(({ required }) => required === true),
      needsBody: body?.required === true,
      documented,
    };
  });
}

/**
 * The document with what types are made of: refusals and headers have types of the client's own. The operations hold
 * all that they share with others (`withoutSharing`).
 *
 * @param {Document} document
 */
export function withoutRefusals(document) {
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [
          method,
          METHODS.includes(method) ? lean(operation) : operation,
        ]),
      ),
    ]),
  );
  const { schemas = {} } = document.components;
  const { webhooks: _told, ...rest } = /** @type {Json} */ (document);
  return { ...rest, paths, components: { schemas } };
}

/** @param {DocumentedOperation & Json} operation */
function lean({ responses, parameters = [], ...operation }) {
  return {
    ...operation,
    parameters: parameters.filter((one) => one.in !== 'header'),
    responses: Object.fromEntries(
      Object.entries(responses)
        .filter(([status]) => /^2/.test(status))
        .map(([status, { headers: _headers, ...response }]) => [status, response]),
    ),
  };
}
