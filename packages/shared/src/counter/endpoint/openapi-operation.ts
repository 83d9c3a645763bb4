// One operation of an OpenAPI document.
import { scopeName, type Product, type RouteSpec } from '../../ground/contract';
import { ITEMS_PER_TOKEN } from '../../base/limits';
import { exampleOf, type ExampleWords } from './example';
import { JsonSchemas, type JsonSchema } from './json-schemas';
import { answerHeaders } from './answer-headers';
import { parameters, requestBody } from './openapi-request';
import { errorsByStatus } from './openapi-errors';

interface Making {
  readonly schemas: JsonSchemas;
  readonly words: ExampleWords;
}

export function operation(route: RouteSpec, product: Product, { schemas, words }: Making): JsonSchema {
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
    ...(route.list === undefined ? {} : { 'x-lumi-list': route.list }),
    ...(paysByItems(route) ? { 'x-lumi-items-per-token': ITEMS_PER_TOKEN } : {}),
    ...(route.bodyBytesMax === undefined ? {} : { 'x-lumi-max-body': route.bodyBytesMax }),
    ...(route.autoRenew === undefined ? {} : { 'x-lumi-auto-renew': route.autoRenew }),
    ...(route.dryRun === true ? { 'x-lumi-dry-run': true } : {}),
    ...(route.rawBody === true ? { 'x-lumi-raw-body': true } : {}),
    parameters: parameters(route, isPublic, schemas),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, schemas) }),
    responses: responses(route, isPublic, { schemas, words }),
  };
}

/**
 * A request with a list pays regular tokens by its items. In money routes only a dry run does; the money limit counts
 * the purchase.
 */
function paysByItems({ bulk, list, class: routeClass, dryRun }: RouteSpec): boolean {
  return (bulk ?? list) !== undefined && (routeClass !== 'money' || dryRun === true);
}

/** The requirements of a request beyond validity, for readers. */
function needs(route: RouteSpec, scopes: readonly string[]): string {
  if (scopes.includes('public')) return 'Needs no key.';
  const scope = scopes.includes('any')
    ? 'Any key of this product will do.'
    : `Needs ${scopes.map((name) => `\`${name}\``).join(' or ')}.`;
  const renewing = route.autoRenew === undefined ? '' : ' `auto_renew: true` needs `buy` and `write`.';
  if (route.class === 'money') return `${scope} A money request.${renewing}`;
  if (route.class === 'guarded')
    return `${scope} A guarded request: a key that signs signs it and sends an \`Idempotency-Key\`.`;
  return route.autoRenew === undefined
    ? scope
    : `${scope}${renewing} Such a request is guarded: a key that signs signs it and sends an \`Idempotency-Key\`.`;
}

function responses(route: RouteSpec, isPublic: boolean, { schemas, words }: Making): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [status, spec] of Object.entries(route.responses)) {
    const schema = spec.schema === undefined ? null : schemas.of(spec.schema, 'output');
    const content = {
      ...(schema === null
        ? {}
        : {
            'application/json': {
              schema,
              example: spec.example ?? changed(exampleOf(schema, words), spec.exampleWith),
            },
          }),
      ...Object.fromEntries([spec.contentType ?? []].flat().map((type) => [type, { schema: { type: 'string' } }])),
    };
    result[status] = {
      description: spec.description,
      headers: answerHeaders(status, route),
      ...(Object.keys(content).length === 0 ? {} : { content }),
    };
  }
  for (const [status, codes] of errorsByStatus(route, isPublic)) {
    result[status] = {
      description: codes.map((code) => `\`${code}\``).join(', '),
      headers: answerHeaders(status, route),
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Error' },
          examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
      'x-lumi-codes': codes,
    };
  }
  return result;
}

function changed(example: unknown, fields: Readonly<Record<string, unknown>> | undefined): unknown {
  // only answers that are objects name fields
  return fields === undefined ? example : { ...(example as object), ...fields };
}
