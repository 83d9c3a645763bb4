// Checks the OpenAPI documents by the rules of Redocly and Spectral, except those named below, and by a few of our own.
// Both are called as libraries: nothing is downloaded, reported or updated, and no command line restricts the version
// of Node.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { generate, root } from '../build.mjs';
import { fixtures } from './checks.mjs';
import { serviceDocuments } from './documents.mjs';
import { remembered } from './memory.mjs';
import { checkRecipes, serviceRecipes } from './recipes.mjs';

/** @typedef {import('./checks.mjs').Found} Found */
/** @typedef {import('./checks.mjs').Problem} Problem */

/** Rules of Redocly that are off, and why. */
const REDOCLY_OFF = {
  'tags-alphabetical':
    'Tags stand in the order in which a reader needs them: what can be bought comes before what was bought.',
  'scalar-property-missing-example': 'Examples stand on whole bodies, where the values of their fields fit together.',
  'required-string-property-missing-min-length': 'What we answer is as long as it is; what we are sent has its bounds.',
  'operation-4xx-problem-details-rfc7807': 'The contract has an error shape of its own.',
  'path-segment-plural': 'Addresses are part of the contract and do not change for grammar.',
  'no-http-verbs-in-paths': '`/servers/{id}/undelete` undoes a deletion; there is no method for that.',
  'response-mime-type': 'Exports are CSV or text, and the sandbox has a page to pay on.',
};

/** Rules of Redocly that do nothing until they are configured. */
const REDOCLY_TOLD = {
  'response-contains-header': {
    severity: /** @type {const} */ ('error'),
    names: {
      '2XX': ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'],
      '4XX': ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'],
      '5XX': ['X-Request-Id'],
    },
  },
};

/** Rules of Spectral that are off, and why. */
const SPECTRAL_OFF = {
  'oas3-valid-media-example':
    'Redocly’s no-invalid-media-type-examples looks at the same, and needs a second where Spectral needs ' +
    'half a minute.',
  'license-url': 'The licence is named by its SPDX identifier, and OpenAPI 3.1 allows one of the two only.',
  'contact-properties':
    'Whoever runs a deployment is met at its address; there is no mailbox that would be right for all.',
  'openapi-tags-alphabetical': 'As for Redocly: tags stand in the order in which a reader needs them.',
};

/** @typedef {Readonly<Record<string, unknown>>} Part of a document */
/** @typedef {(part: Part) => string | false} Judge */

/**
 * Rules that neither of them has. They check the document as written, with its references: a field that is another
 * schema is described there. A rule gets an object and returns a sentence, or undefined.
 *
 * @type {Readonly<Record<string, readonly [given: string | string[], judge: Judge]>>}
 */
const OWN = {
  'lumi-scope': [
    '$.paths[*][*]',
    (operation) => operation['x-lumi-scope'] === undefined && 'names no scope: the gateway would not serve it',
  ],
  'lumi-request-example': [
    '$.paths[*][*].requestBody.content["application/json"]',
    (media) => media.example === undefined && 'the request body has no example',
  ],
  'lumi-response-example': [
    [
      '$.paths[*][*].responses[?(@property < "400")].content["application/json"]',
      '$.components.responses[?(!(@property >= "4" && @property < "6"))].content["application/json"]',
    ],
    (media) => media.example === undefined && media.examples === undefined && 'the answer has no example',
  ],
  'lumi-error-codes': [
    [
      '$.paths[*][*].responses[?(@property >= "400")]',
      '$.components.responses[?(@property >= "4" && @property < "6")]',
    ],
    (response) =>
      response.$ref === undefined &&
      !Array.isArray(response['x-lumi-codes']) &&
      'a refusal has to name its error codes',
  ],
  'lumi-field-description': [
    '$..properties[*]',
    (schema) =>
      schema.$ref === undefined &&
      schema.description === undefined &&
      'the field has no description: add one where it is declared, or to the glossary of its product',
  ],
  'lumi-description': [
    '$.paths[*][*]',
    (operation) =>
      String(operation.description ?? '').split('\n\n')[0] === operation.summary &&
      'the description only repeats the summary',
  ],
};

/** All inputs of the services' documents, and of the recipes in the contract test. */
const SOURCES = [
  'packages/shared',
  'services',
  'scripts/bundle.mjs',
  'scripts/test/contract',
  'scripts/test/documents.ts',
  'scripts/test/products.ts',
  'tsconfig.base.json',
  'tsconfig.check.json',
];

export const checkOpenApi = () =>
  remembered('OpenAPI', SOURCES, async () => {
    await generate();
    const documents = await serviceDocuments();
    const recipes = await serviceRecipes(documents);
    /** @type {Found[]} */
    const found = [];
    // Each document is checked separately, so an unchanged one is not checked again.
    for (const { name, document } of documents)
      found.push(await remembered(`OpenAPI ${name}`, [], () => judge(name, document, root), JSON.stringify(document)));
    return {
      size: found.reduce((sum, { size }) => sum + (size ?? 0), 0),
      problems: [
        ...found.flatMap(({ problems }) => problems),
        ...documents.flatMap(({ name, document }) => checkRecipes(name, document, recipes.get(name) ?? [])),
      ],
    };
  });

export async function checkBrokenDocuments() {
  /** @type {Problem[]} */
  const problems = [];
  for (const { name, document } of brokenDocuments())
    problems.push(
      ...(await judge(name, document, fixtures)).problems,
      ...checkRecipes(name, document, document['x-recipes'] ?? []),
    );
  return { problems };
}

/**
 * @param {string} name
 * @param {import('./documents.mjs').Document} document
 * @param {string} cwd
 * @returns {Promise<Found>}
 */
async function judge(name, document, cwd) {
  const redocly = await createConfig({ extends: ['all'], rules: { ...off(REDOCLY_OFF), ...REDOCLY_TOLD } });
  const spectre = new spectral.Spectral();
  // Its type is that of its own package, which says the same in other words.
  const theirs = /** @type {import('@stoplight/spectral-core').RulesetDefinition} */ (oas);
  spectre.setRuleset({ extends: [[theirs, 'all']], rules: { ...off(SPECTRAL_OFF), ...ownRules() } });
  /** @type {Problem[]} */
  const problems = [];
  const judged = await lintFromString({
    source: JSON.stringify(document),
    absoluteRef: join(cwd, name, 'openapi.json'),
    config: redocly,
  });
  for (const {
    ruleId,
    message,
    location: [place],
  } of judged)
    problems.push(told(name, `redocly/${ruleId}`, firstLine(message.trim()), place?.pointer ?? ''));
  for (const { code, message, path } of await spectre.run(document))
    problems.push(told(name, `spectral/${String(code)}`, firstLine(message), `#/${path.join('/')}`));
  return { size: operationsOf(document), problems };
}

/** @param {string} text */
function firstLine(text) {
  return text.split('\n')[0] ?? '';
}

/**
 * @param {Readonly<Record<string, string>>} rules
 * @returns {Record<string, 'off'>}
 */
function off(rules) {
  return Object.fromEntries(Object.keys(rules).map((rule) => [rule, 'off']));
}

/** @returns {Record<string, import('@stoplight/spectral-core').RuleDefinition>} */
function ownRules() {
  return Object.fromEntries(
    Object.entries(OWN).map(([name, [given, judge]]) => {
      const rule = (/** @type {Part} */ value) => {
        const sentence = judge(value);
        return sentence ? [{ message: sentence }] : [];
      };
      return [name, { given, severity: 'error', message: '{{error}}', resolved: false, then: { function: rule } }];
    }),
  );
}

/**
 * @param {string} file
 * @param {string} rule
 * @param {string} message
 * @param {string} place
 * @returns {Problem}
 */
function told(file, rule, message, place) {
  return { file, rule, message, text: `${file}: ${place.replaceAll('~1', '/')}  ${message} (${rule})` };
}

/** @param {import('./documents.mjs').Document} document */
function operationsOf({ paths }) {
  return Object.values(paths ?? {}).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
}

/** @returns {import('./documents.mjs').NamedDocument[]} */
function brokenDocuments() {
  const folder = join(fixtures, 'openapi');
  return readdirSync(folder).map((name) => ({
    name: `openapi/${name}`,
    document: JSON.parse(readFileSync(join(folder, name), 'utf8')),
  }));
}
