// JSON schemas of Kubernetes and of the custom resources that the charts use, made from the Go modules that define
// them. They are strict: an unknown field is a fault, as it is for the API server with `fieldValidation=Strict`.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { cacheFolder, moduleFolder } from './tools.mjs';

/** Minor version → the module with its OpenAPI document. */
export const KUBERNETES = { '1.31.0': 'k8s.io/kubernetes@v1.31.14', '1.34.0': 'k8s.io/kubernetes@v1.34.2' };
const CUSTOM_RESOURCES = [
  { module: 'sigs.k8s.io/gateway-api@v1.2.1', folder: 'config/crd/standard' },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    folder: 'example/prometheus-operator-crd',
  },
  { module: 'github.com/kedacore/keda/v2@v2.16.1', folder: 'config/crd/bases' },
];
/** Changes when the files below would be written in another way. */
const FORM = 'v1';

/** @typedef {ReturnType<typeof JSON.parse>} Json a document of Kubernetes, whose own schemas say what it may hold */
/** @typedef {{ group: string; version: string; kind: string }} Kind */

/** The folder with the schemas, and how kubeconform finds one in it. */
export function schemaLocation() {
  const made = [FORM, ...Object.values(KUBERNETES), ...CUSTOM_RESOURCES.map(({ module }) => module)];
  const folder = join(cacheFolder, `schemas-${made.join('-').replaceAll(/[^\w.-]+/g, '_')}`);
  if (!existsSync(folder)) {
    const draft = `${folder}-${process.pid}`;
    for (const [version, module] of Object.entries(KUBERNETES)) {
      mkdirSync(join(draft, `v${version}`), { recursive: true });
      writeBuiltIn(join(draft, `v${version}`), module);
      for (const resources of CUSTOM_RESOURCES) writeCustom(join(draft, `v${version}`), resources);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  }
  return join(folder, '{{.NormalizedKubernetesVersion}}', '{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json');
}

/**
 * As kubeconform asks for it: the core group is `v1`.
 *
 * @param {Kind} kind
 */
const fileName = ({ group, version, kind }) =>
  `${kind.toLowerCase()}_${group === '' ? version : group}_${version}.json`;

/**
 * @param {string} folder
 * @param {string} module
 */
function writeBuiltIn(folder, module) {
  /** @type {{ definitions: Record<string, Json> }} */
  const { definitions } = JSON.parse(
    readFileSync(join(moduleFolder(module), 'api', 'openapi-spec', 'swagger.json'), 'utf8'),
  );
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, one]) => [name, strictly(one)]));
  for (const [name, definition] of Object.entries(definitions)) {
    /** @type {readonly Kind[]} */
    const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
    // Types such as DeleteOptions belong to every group and are no objects of a chart.
    const [kind] = kinds;
    if (kinds.length !== 1 || kind === undefined || !('metadata' in (definition.properties ?? {}))) continue;
    const used = closure(name, strict);
    writeFileSync(join(folder, fileName(kind)), JSON.stringify({ $ref: `#/definitions/${name}`, definitions: used }));
  }
}

/**
 * The definitions that one refers to, itself included.
 *
 * @param {string} first
 * @param {Record<string, Json>} definitions
 */
function closure(first, definitions) {
  /** @type {Record<string, Json>} */
  const used = {};
  for (const waiting = [first]; waiting.length > 0;) {
    const name = waiting.pop() ?? '';
    const definition = definitions[name];
    if (name in used || definition === undefined) continue;
    used[name] = definition;
    for (const [, next = ''] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g)) waiting.push(next);
  }
  return used;
}

/**
 * @param {string} folder
 * @param {{ module: string; folder: string }} resources
 */
function writeCustom(folder, { module, folder: inside }) {
  const crds = join(moduleFolder(module), inside);
  for (const file of readdirSync(crds).filter((name) => name.endsWith('.yaml'))) {
    for (const document of parseAllDocuments(readFileSync(join(crds, file), 'utf8'))) {
      /** @type {Json | null} */
      const crd = document.toJS();
      if (crd?.kind !== 'CustomResourceDefinition') continue;
      for (const { name: version, schema } of crd.spec.versions) {
        const kind = { group: crd.spec.group, version, kind: crd.spec.names.kind };
        // The API server knows metadata itself, so a CRD does not describe it.
        const top = strictly(schema.openAPIV3Schema);
        writeFileSync(join(folder, fileName(kind)), JSON.stringify({ ...top, required: ['metadata', 'spec'] }));
      }
    }
  }
}

/**
 * @param {Json} schema
 * @returns {Json}
 */
function strictly(schema) {
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string')
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  const { description: _, format: __, ...rest } = schema;
  const { properties, items, additionalProperties, allOf, anyOf, oneOf, not } = rest;
  const each = (/** @type {readonly Json[]} */ all) => all.map(strictly);
  const isOpen = additionalProperties !== undefined || rest['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, strictly(one)])) }),
    // Parts of anyOf repeat some properties only: they are not the whole object.
    ...(properties === undefined || isOpen || rest.type !== 'object' ? {} : { additionalProperties: false }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: strictly(additionalProperties) } : {}),
    ...(items === undefined ? {} : { items: strictly(items) }),
    ...(allOf === undefined ? {} : { allOf: each(allOf) }),
    ...(anyOf === undefined ? {} : { anyOf: each(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: each(oneOf) }),
    ...(not === undefined ? {} : { not: strictly(not) }),
  };
}
