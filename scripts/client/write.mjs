// Writes the generated sources of the client from the documents: types, a table of operations, and the resources with a
// method for each operation.
import { createHash } from 'node:crypto';
import { camelCase } from './names.mjs';
import { operationsOf, withoutRefusals } from './operations.mjs';

/** @typedef {import('./operations.mjs').ClientOperation} ClientOperation */
/** @typedef {import('./operations.mjs').Document} Document */
/** @typedef {{ readonly product: string; readonly document: Document }} ProductDocument */

const HEAD = '// Made from the OpenAPI documents by scripts/client.mjs. Do not edit.\n';
/** In the head of the types: what they were made from, because making them takes seconds. */
const OF = '// Document: ';

/** What the methods' types are made of, by file. */
const IMPORTS = {
  shapes: ['AnswerOf', 'BodyOf', 'MixedOf', 'PlainAnswerOf', 'QueryOf', 'RehearsalOf', 'TextAnswerOf'],
  call: ['CallOptions', 'Dry', 'Live', 'LumiCall'],
  extras: ['BatchWaits', 'EventFollows', 'OperationWaits'],
};

/** The names of the clients' types. */
const TITLES = /** @type {const} */ ({ domains: 'Domains', vps: 'Hosting', proxy: 'Proxy' });

/**
 * The text of each file, by its name.
 *
 * @param {readonly ProductDocument[]} documents
 * @param {(name: string) => string | null} before what a file holds now
 * @returns {Promise<Map<string, string>>}
 */
export async function clientSources(documents, before) {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const { product, document } of documents) {
    const head = `${HEAD}${OF}${createHash('sha256').update(JSON.stringify(document)).digest('hex')}\n`;
    const known = before(`${product}-types.ts`);
    files.set(`${product}-types.ts`, known?.startsWith(head) ? known : head + (await typesOf(document)));
    files.set(`${product}-resources.ts`, HEAD + resourcesOf(product, operationsOf(document)));
  }
  files.set('operations.ts', HEAD + tableOf(documents));
  return files;
}

/** @param {Document} document */
async function typesOf(document) {
  const { default: openapi, astToString } = await import('openapi-typescript');
  const lean = /** @type {import('openapi-typescript').OpenAPI3} */ (
    /** @type {unknown} */ (structuredClone(withoutRefusals(document)))
  );
  return astToString(await openapi(lean, { defaultNonNullable: false, alphabetize: false, silent: true }));
}

/**
 * One line for each operation; what all products have alike is in the table once.
 *
 * @param {readonly ProductDocument[]} documents
 */
function tableOf(documents) {
  const tables = documents.map(({ product, document }) => ({
    product,
    lines: new Map(
      operationsOf(document).map(({ id, method, path, flags, name }) => [id, `${method} ${path} ${name} ${flags}`]),
    ),
  }));
  const [first] = tables;
  const isShared = (/** @type {string} */ id, /** @type {string} */ line) =>
    tables.every(({ lines }) => lines.get(id) === line);
  const print = (/** @type {Iterable<readonly [string, string]>} */ lines) =>
    [...lines].map(([id, line]) => `  '${id}': '${line}',\n`).join('');
  const shared = [...(first?.lines ?? [])].filter(([id, line]) => isShared(id, line));
  return `
const shared = {
${print(shared)}};
${tables
  .map(
    ({ product, lines }) => `
export const ${product}Operations: Readonly<Record<string, string>> = {
  ...shared,
${print([...lines].filter(([id, line]) => !isShared(id, line)))}};
`,
  )
  .join('')}`;
}

/**
 * @param {string} product
 * @param {readonly ClientOperation[]} operations
 */
function resourcesOf(product, operations) {
  const title = TITLES[/** @type {keyof typeof TITLES} */ (product)];
  /** @type {Map<string, ClientOperation[]>} */
  const resources = new Map();
  for (const operation of operations) {
    const resource = operation.name.split('.')[0] ?? '';
    resources.set(resource, [...(resources.get(resource) ?? []), operation]);
  }
  const groups = [...resources].map(
    ([resource, own]) => `  readonly ${resource}: {\n${own.map(methodOf).join('')}  }${extraOf(resource, title)};\n`,
  );
  const used = Object.entries(IMPORTS).map(([file, names]) => {
    const own = names.filter((name) => groups.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
    return `import type { ${own.join(', ')} } from '../${file}';\n`;
  });
  return `${used.join('')}import type { operations } from './${product}-types';

export type ${title}Operations = operations;

/** The ids of the operations whose answer is a page of a list. */
export type ${title}Lists =
${operations
  .filter(({ flags }) => flags.includes('p'))
  .map(({ id }) => `  | '${id}'`)
  .join('\n')};

export interface ${title}Resources {
${groups.join('')}}
`;
}

/** @param {string} resource @param {string} title */
function extraOf(resource, title) {
  const extras = /** @type {Record<string, string>} */ ({
    operations: 'OperationWaits',
    batches: 'BatchWaits',
    events: 'EventFollows',
  });
  return extras[resource] === undefined ? '' : ` & ${extras[resource]}<${title}Operations>`;
}

/** @param {ClientOperation} operation */
function methodOf({ id, name, flags, pathParams, needsQuery, needsBody, documented }) {
  const op = `operations['${id}']`;
  const hasBody = flags.includes('b');
  const hasQuery = flags.includes('q');
  const path = pathParams.map((param) => `${camelCase(param)}: string`);
  const optional = (/** @type {boolean} */ needed) => (needed ? '' : '?');
  const input =
    hasBody && hasQuery
      ? [`input${optional(needsBody || needsQuery)}: MixedOf<${op}>`]
      : hasBody
        ? [`body${optional(needsBody)}: BodyOf<${op}>`]
        : hasQuery
          ? [`query${optional(needsQuery)}: QueryOf<${op}>`]
          : [];
  const method = name.split('.')[1] ?? '';
  const text = `${documented.summary ?? id}. (\`${id}\`)`;
  const sign = (/** @type {string} */ options, /** @type {string} */ answer) => {
    const parameters = [...path, ...input, `options?: ${options}`].join(', ');
    return `    /** ${text} */\n    ${method}(${parameters}): LumiCall<${answer}>;\n`;
  };
  if (!flags.includes('d'))
    return sign(
      'CallOptions',
      hasFormat(documented) && !flags.includes('p') ? `TextAnswerOf<${op}>` : `AnswerOf<${op}>`,
    );
  const required = input.map((one) => one.replace('?:', ':'));
  const rehearsal =
    `    /** ${text} */\n    ${method}(${[...path, ...required, 'options: Dry'].join(', ')}): ` +
    `LumiCall<RehearsalOf<${op}>>;\n`;
  return rehearsal + sign('Live', `PlainAnswerOf<${op}>`) + sign('CallOptions', `AnswerOf<${op}>`);
}

/** @param {import('./operations.mjs').DocumentedOperation} documented */
function hasFormat({ responses }) {
  return Object.entries(responses).some(
    ([status, { content = {} }]) => /^2/.test(status) && Object.keys(content).some((type) => !type.includes('json')),
  );
}
