// Route declarations → the OpenAPI 3.1 document: the contract between gateway and service, and the source of the
// reference pages.
import { z } from 'zod';
import { BASE_PATHS, scopeName, type Product, type RouteSpec } from '../../ground/contract';
import type { ExampleWords, Samples } from './example';
import { describeFields, type Glossary } from './glossary';
import { introduction } from './introduction';
import { JsonSchemas, type JsonSchema } from './json-schemas';
import { ANSWER_HEADERS } from './answer-headers';
import { operation } from './openapi-operation';
import { errorSchema, codesOf, errorExample } from './openapi-errors';
import { shareParts } from './openapi-shared';

export interface OpenApiOptions {
  readonly product: Product;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Public origin, e.g. `https://example.com`. */
  readonly publicUrl: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /**
   * The product's own descriptions, for fields that neither describe themselves nor are in the glossary of the whole
   * API.
   */
  readonly glossary?: Glossary;
  /** The names of its own objects in examples. */
  readonly samples?: Samples;
}

export function buildOpenApi(routes: readonly RouteSpec[], options: OpenApiOptions): JsonSchema {
  const schemas = new JsonSchemas({ input: routes.flatMap(schemasSent), output: routes.flatMap(schemasAnswered) });
  const words: ExampleWords = {
    components: schemas.components,
    samples: { ...samplesOf(options.product), ...options.samples },
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const methods = (paths[route.path] ??= {});
    const name = route.method.toLowerCase();
    if (methods[name] !== undefined) throw new Error(`${route.method} ${route.path} is declared twice`);
    methods[name] = operation(route, options.product, { schemas, words });
  }
  const components: Record<string, JsonSchema> = { Error: errorSchema(), ...schemas.components };
  const { glossary = {} } = options;
  describeFields(paths, glossary);
  for (const [name, schema] of Object.entries(components)) describeFields(schema, glossary, name);
  const used = new Set(
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(codesOf),
  );
  return shareParts({
    openapi: '3.1.0',
    info: {
      title: options.title,
      version: options.version,
      description: introduction(options),
      license: { name: 'MIT', identifier: 'MIT' },
      contact: { name: 'Lumi', url: options.publicUrl },
    },
    servers: [{ url: `${options.publicUrl}${BASE_PATHS[options.product]}` }],
    tags: options.tags.map((tag) => ({ ...tag })),
    security: [{ bearer: [] }],
    paths: Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, inOrder(methods)])),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: `A key of this product: \`lumi_${options.product}_…\`.`,
        },
      },
      headers: headersOf(paths, options.product),
      examples: Object.fromEntries([...used].sort().map((code) => [code, errorExample(code)])),
      schemas: components,
    },
  });
}

/** The headers that an answer below these paths has: a product declares no header that it never sends. */
function headersOf(paths: object, product: Product): JsonSchema {
  const text = JSON.stringify(paths);
  const all = {
    ...ANSWER_HEADERS,
    Location: { ...ANSWER_HEADERS.Location, example: `${BASE_PATHS[product]}${ANSWER_HEADERS.Location.example}` },
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`"#/components/headers/${name}"`)));
}

function schemasSent({ params, query, body }: RouteSpec): z.ZodType[] {
  return [...Object.values(params?.shape ?? {}), ...Object.values(query?.shape ?? {}), body].filter(
    (schema) => schema instanceof z.ZodType,
  );
}

function schemasAnswered(route: RouteSpec): z.ZodType[] {
  return Object.values(route.responses).flatMap(({ schema }) => schema ?? []);
}

const METHOD_ORDER = ['get', 'post', 'put', 'patch', 'delete'];

function inOrder(methods: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    METHOD_ORDER.filter((name) => methods[name] !== undefined).map((name) => [name, methods[name]]),
  );
}

/** The operations of every product, with its own name. */
function samplesOf(product: Product): Samples {
  return {
    product,
    scopes: scopeName(product, 'read'),
    prefix: `lumi_${product}_Ab3x…`,
    'Key.key': `lumi_${product}_XXXXXXXXXXXXXXXXXXXX`,
  };
}
