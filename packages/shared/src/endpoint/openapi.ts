// Route declarations → the OpenAPI 3.1 document: the contract between gateway and service, and the source of the reference pages.
import { z } from 'zod';
import { BASE_PATHS, ERROR_CODES, scopeName, type ErrorCode, type Product, type RouteSpec } from '../contract';
import { ITEMS_PER_TOKEN } from '../limits';
import { exampleOf, type ExampleWords, type Samples } from './example';
import { describeFields, type Glossary } from './glossary';
import { introduction } from './introduction';
import { JsonSchemas, type JsonSchema } from './json-schemas';
import { ANSWER_HEADERS, answerHeaders } from './answer-headers';

export interface OpenApiOptions {
  readonly product: Product;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Public origin, e.g. `https://example.com`. */
  readonly publicUrl: string;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** The product's own words, for fields that neither describe themselves nor are the whole API's. */
  readonly glossary?: Glossary;
  /** What its own things are called in examples. */
  readonly samples?: Samples;
}

const ALWAYS: readonly ErrorCode[] = ['bad_request', 'missing_bearer', 'invalid_key', 'forbidden_scope', 'not_found', 'validation_error', 'rate_limited', 'internal_error', 'service_unavailable', 'api_disabled'];
const MONEY: readonly ErrorCode[] = ['money_disabled', 'invalid_signature', 'idempotency_key_required', 'idempotency_key_reused', 'in_progress', 'daily_cap_exceeded', 'insufficient_balance'];
const GUARDED: readonly ErrorCode[] = ['invalid_signature', 'idempotency_key_required', 'idempotency_key_reused'];
const PUBLIC: readonly ErrorCode[] = ['bad_request', 'not_found', 'validation_error', 'rate_limited', 'internal_error', 'service_unavailable', 'api_disabled'];

export function buildOpenApi(routes: readonly RouteSpec[], options: OpenApiOptions): JsonSchema {
  const schemas = new JsonSchemas({ input: routes.flatMap(schemasSent), output: routes.flatMap(schemasAnswered) });
  const words: ExampleWords = { components: schemas.components, samples: { ...samplesOf(options.product), ...options.samples } };
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
  const used = new Set(Object.values(paths).flatMap((methods) => Object.values(methods)).flatMap(codesOf));
  return {
    openapi: '3.1.0',
    info: {
      title: options.title, version: options.version, description: introduction(options),
      license: { name: 'MIT', identifier: 'MIT' }, contact: { name: 'Lumi', url: options.publicUrl },
    },
    servers: [{ url: `${options.publicUrl}${BASE_PATHS[options.product]}` }],
    tags: options.tags.map((tag) => ({ ...tag })),
    security: [{ bearer: [] }],
    paths: Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, inOrder(methods)])),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: `A key of this product: \`lumi_${options.product}_…\`.` } },
      headers: headersOf(paths, options.product),
      examples: Object.fromEntries([...used].sort().map((code) => [code, errorExample(code)])),
      schemas: components,
    },
  };
}

/** Those that an answer below these paths carries: a product declares no header that it never sends. */
function headersOf(paths: object, product: Product): JsonSchema {
  const text = JSON.stringify(paths);
  const all = { ...ANSWER_HEADERS, Location: { ...ANSWER_HEADERS.Location, example: `${BASE_PATHS[product]}${ANSWER_HEADERS.Location.example}` } };
  return Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`"#/components/headers/${name}"`)));
}

function schemasSent({ params, query, body }: RouteSpec): z.ZodType[] {
  return [...Object.values(params?.shape ?? {}), ...Object.values(query?.shape ?? {}), body].filter((schema) => schema instanceof z.ZodType);
}

function schemasAnswered(route: RouteSpec): z.ZodType[] {
  return Object.values(route.responses).flatMap(({ schema }) => schema ?? []);
}

const METHOD_ORDER = ['get', 'post', 'put', 'patch', 'delete'];

function inOrder(methods: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(METHOD_ORDER.filter((name) => methods[name] !== undefined).map((name) => [name, methods[name]]));
}

/** What every product has, under its own name. */
function samplesOf(product: Product): Samples {
  return { product, scopes: scopeName(product, 'read'), prefix: `lumi_${product}_Ab3x…`, 'Key.key': `lumi_${product}_XXXXXXXXXXXXXXXXXXXX` };
}

interface Making {
  readonly schemas: JsonSchemas;
  readonly words: ExampleWords;
}

function operation(route: RouteSpec, product: Product, { schemas, words }: Making): JsonSchema {
  const scopes = (Array.isArray(route.scope) ? route.scope : [route.scope]) as readonly RouteSpec['scope'][];
  if (scopes.length === 0) throw new Error(`${route.id} has no scope`);
  const names = scopes.map((scope) => scopeName(product, scope as Exclude<RouteSpec['scope'], readonly unknown[]>));
  const isPublic = names.includes('public');
  return {
    operationId: route.id,
    summary: route.summary,
    description: `${route.description}\n\n${needs(route, names)}`,
    tags: [route.tag],
    ...(isPublic ? { security: [] } : {}),
    'x-lumi-scope': names.length === 1 ? names[0] : names,
    'x-lumi-class': route.class,
    ...(route.bulk === undefined ? {} : { 'x-lumi-bulk': route.bulk }),
    ...itemsPerToken(route),
    ...(route.bodyBytesMax === undefined ? {} : { 'x-lumi-max-body': route.bodyBytesMax }),
    ...(route.autoRenew === undefined ? {} : { 'x-lumi-auto-renew': route.autoRenew }),
    ...(route.dryRun === true ? { 'x-lumi-dry-run': true } : {}),
    ...(route.rawBody === true ? { 'x-lumi-raw-body': true } : {}),
    parameters: parameters(route, isPublic, schemas),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, schemas) }),
    responses: responses(route, isPublic, { schemas, words }),
  };
}

/** Of a bulk that buys only a dry run pays so: the gateway knows that money requests have a limit of their own. */
function itemsPerToken(route: RouteSpec): JsonSchema {
  const items = route.itemsPerToken ?? (route.bulk !== undefined && route.dryRun === true ? ITEMS_PER_TOKEN : undefined);
  return items === undefined ? {} : { 'x-lumi-items-per-token': items };
}

/** What a request needs beyond being valid, for readers. */
function needs(route: RouteSpec, scopes: readonly string[]): string {
  if (scopes.includes('public')) return 'Needs no key.';
  const scope = scopes.includes('any') ? 'Any key of this product will do.' : `Needs ${scopes.map((name) => `\`${name}\``).join(' or ')}.`;
  const renewing = route.autoRenew === undefined ? '' : ' `auto_renew: true` needs `buy` and `write`.';
  if (route.class === 'money') return `${scope} A money request.${renewing}`;
  if (route.class === 'guarded') return `${scope} A guarded request: a key that signs signs it and sends an \`Idempotency-Key\`.`;
  return route.autoRenew === undefined ? scope : `${scope}${renewing} Such a request is guarded: a key that signs signs it and sends an \`Idempotency-Key\`.`;
}

function isGuarded(route: RouteSpec): boolean {
  return route.class === 'guarded' || (route.class === 'regular' && route.autoRenew !== undefined);
}

function parameters(route: RouteSpec, isPublic: boolean, schemas: JsonSchemas): JsonSchema[] {
  const list: JsonSchema[] = [];
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  for (const name of inPath) list.push({ ...parameter('path', name, route.params?.shape[name], true, schemas), ...(route.anyText?.includes(name) === true ? { 'x-lumi-any-text': true } : {}) });
  for (const [name, schema] of Object.entries(route.query?.shape ?? {})) list.push(parameter('query', name, schema, !schema.safeParse(undefined).success, schemas));
  if (route.dryRun === true) list.push({ name: 'dry_run', in: 'query', description: 'Check everything, charge nothing. Needs no Idempotency-Key.', schema: { type: 'string', enum: ['true', 'false'] } });
  if (!isPublic && route.keepsUserId !== true) {
    list.push({ name: 'user_id', in: 'query', description: 'Operator keys: the account to work on. Reseller keys: their own account only.', schema: { type: 'string', maxLength: 64 } });
  }
  if (route.class === 'money') {
    list.push(
      { name: 'Idempotency-Key', in: 'header', required: route.dryRun !== true, description: 'Names this request; a repeat returns the first answer without buying again.', schema: { type: 'string', minLength: 8, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' } },
      { name: 'X-Signature', in: 'header', description: 'Hex HMAC-SHA256 of the exact body bytes; only for keys issued with signing.', schema: { type: 'string' } },
    );
  }
  if (isGuarded(route)) {
    list.push(
      { name: 'Idempotency-Key', in: 'header', description: 'Names this request; a repeat returns the first answer. Required where the request must be signed.', schema: { type: 'string', minLength: 8, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' } },
      { name: 'X-Signature', in: 'header', description: 'Hex HMAC-SHA256 of the exact body bytes; only for keys issued with signing.', schema: { type: 'string' } },
    );
  }
  return list;
}

function parameter(place: 'path' | 'query', name: string, schema: unknown, required: boolean, schemas: JsonSchemas): JsonSchema {
  const { description, example, ...rest } = schema instanceof z.ZodType ? schemas.of(schema, 'input') : { type: 'string' } as JsonSchema;
  return { name, in: place, ...(required ? { required: true } : {}), description: description ?? name.replaceAll('_', ' '), ...(example === undefined ? {} : { example }), schema: rest };
}

function requestBody(route: RouteSpec, schemas: JsonSchemas): JsonSchema {
  const schema = route.body === undefined ? {} : schemas.of(route.body, 'input');
  const properties = schema['properties'];
  if (route.reach === 'account' && route.keepsUserId !== true && typeof properties === 'object' && properties !== null) {
    schema['properties'] = { ...properties, user_id: { type: 'string', maxLength: 64, description: 'Operator keys: the account to work on.' } };
  }
  const required = Array.isArray(schema['required']) && schema['required'].length > 0;
  return { required, content: { 'application/json': { schema, ...(route.bodyExample === undefined ? {} : { example: route.bodyExample }) } } };
}

function responses(route: RouteSpec, isPublic: boolean, { schemas, words }: Making): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [status, spec] of Object.entries(route.responses)) {
    const schema = spec.schema === undefined ? null : schemas.of(spec.schema, 'output');
    const content = {
      ...(schema === null ? {} : { 'application/json': { schema, example: spec.example ?? changed(exampleOf(schema, words), spec.exampleWith) } }),
      ...Object.fromEntries([spec.contentType ?? []].flat().map((type) => [type, { schema: { type: 'string' } }])),
    };
    result[status] = { description: spec.description, headers: answerHeaders(status, route), ...(Object.keys(content).length === 0 ? {} : { content }) };
  }
  for (const [status, codes] of errorsByStatus(route, isPublic)) {
    result[status] = {
      description: codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].sentence}`).join('\n\n'),
      headers: answerHeaders(status, route),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' }, examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])) } },
      'x-lumi-codes': codes,
    };
  }
  return result;
}

function changed(example: unknown, fields: Readonly<Record<string, unknown>> | undefined): unknown {
  return fields === undefined ? example : { ...(example as object), ...fields }; // only answers that are objects name fields
}

function errorsByStatus(route: RouteSpec, isPublic: boolean): [string, ErrorCode[]][] {
  const codes = new Set<ErrorCode>([
    ...(isPublic ? PUBLIC : ALWAYS).filter((code) => code !== 'forbidden_scope' || route.scope !== 'any'), ...(route.class === 'money' ? MONEY : []), ...(isGuarded(route) ? GUARDED : []), ...(route.body === undefined ? [] : ['payload_too_large' as const]),
    ...(route.bulk === undefined ? [] : ['batch_too_large' as const]), ...(route.errors ?? []),
  ]);
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(ERROR_CODES[code].status);
    if (route.responses[ERROR_CODES[code].status] !== undefined) continue;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].sort(([a], [b]) => (a < b ? -1 : 1));
}

function codesOf(one: unknown): ErrorCode[] {
  const { responses: all } = one as { responses: Record<string, { 'x-lumi-codes'?: ErrorCode[] }> }; // made by `operation`
  return Object.values(all).flatMap((response) => response['x-lumi-codes'] ?? []);
}

function errorExample(code: ErrorCode): JsonSchema {
  const { sentence, status } = ERROR_CODES[code];
  const details = code === 'validation_error' ? { details: [{ path: 'limit', message: 'must be a whole number from 1 to 200' }] } : {};
  return { summary: `${String(status)} ${code}`, value: { error: { code, message: sentence, request_id: 'req_01k9z3v7m2h8q4t6w0x5y1c3', ...details } } };
}

function errorSchema(): JsonSchema {
  return {
    type: 'object', required: ['error'], additionalProperties: false,
    properties: {
      error: {
        type: 'object', required: ['code', 'message', 'request_id'], additionalProperties: false, description: 'What went wrong.',
        properties: {
          code: { type: 'string', enum: Object.keys(ERROR_CODES), description: 'For programs: decide by this.' },
          message: { type: 'string', description: 'For people; the wording may change.' },
          request_id: { type: 'string', description: 'Of this request; the same as in `X-Request-Id`. Quote it to support.' },
          details: {
            type: 'array', description: 'With `422`: every field that is wrong. Elsewhere: the one fact needed to go on, such as the new price.',
            items: {
              type: 'object', required: ['path', 'message'], additionalProperties: false,
              properties: { path: { type: 'string', description: 'Where: a field, such as `contact.email`, or empty for the whole.' }, message: { type: 'string', description: 'What is wrong there.' } },
            },
          },
        },
      },
    },
  };
}
