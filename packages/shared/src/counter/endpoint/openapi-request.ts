// The parameters, headers and body of an operation, for its OpenAPI document.
import { z } from 'zod';
import type { RouteSpec } from '../../ground/contract';
import { JsonSchemas, type JsonSchema } from './json-schemas';
import { isGuarded } from './openapi-errors';

export function parameters(route: RouteSpec, isPublic: boolean, schemas: JsonSchemas): JsonSchema[] {
  const list: JsonSchema[] = [];
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  for (const name of inPath)
    list.push({
      ...parameter('path', name, route.params?.shape[name], true, schemas),
      ...(route.anyText?.includes(name) === true ? { 'x-lumi-any-text': true } : {}),
    });
  for (const [name, schema] of Object.entries(route.query?.shape ?? {}))
    list.push(parameter('query', name, schema, !schema.safeParse(undefined).success, schemas));
  if (route.dryRun === true)
    list.push({
      name: 'dry_run',
      in: 'query',
      description: 'Check everything, charge nothing. Needs no Idempotency-Key.',
      schema: { type: 'string', enum: ['true', 'false'] },
    });
  if (!isPublic && route.keepsUserId !== true) {
    list.push({
      name: 'user_id',
      in: 'query',
      description: 'Operator keys: the account to work on. Reseller keys: their own account only.',
      schema: { type: 'string', maxLength: 64 },
    });
  }
  if (route.class === 'money') {
    list.push(
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: route.dryRun !== true,
        description: 'Names this request; a repeat returns the first answer without buying again.',
        schema: { type: 'string', minLength: 8, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' },
      },
      {
        name: 'X-Signature',
        in: 'header',
        description: 'Hex HMAC-SHA256 of the exact body bytes; only for keys issued with signing.',
        schema: { type: 'string' },
      },
    );
  }
  if (isGuarded(route)) {
    list.push(
      {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'Names this request; a repeat returns the first answer. Required where the request must be signed.',
        schema: { type: 'string', minLength: 8, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' },
      },
      {
        name: 'X-Signature',
        in: 'header',
        description: 'Hex HMAC-SHA256 of the exact body bytes; only for keys issued with signing.',
        schema: { type: 'string' },
      },
    );
  }
  return list;
}

function parameter(
  place: 'path' | 'query',
  name: string,
  schema: unknown,
  required: boolean,
  schemas: JsonSchemas,
): JsonSchema {
  const { description, example, ...rest } =
    schema instanceof z.ZodType ? schemas.of(schema, 'input') : ({ type: 'string' } as JsonSchema);
  return {
    name,
    in: place,
    ...(required ? { required: true } : {}),
    description: description ?? name.replaceAll('_', ' '),
    ...(example === undefined ? {} : { example }),
    schema: rest,
  };
}

export function requestBody(route: RouteSpec, schemas: JsonSchemas): JsonSchema {
  const schema = route.body === undefined ? {} : schemas.of(route.body, 'input');
  const properties = schema['properties'];
  if (
    route.reach === 'account' &&
    route.keepsUserId !== true &&
    typeof properties === 'object' &&
    properties !== null
  ) {
    schema['properties'] = {
      ...properties,
      user_id: { type: 'string', maxLength: 64, description: 'Operator keys: the account to work on.' },
    };
  }
  const required = Array.isArray(schema['required']) && schema['required'].length > 0;
  return {
    required,
    content: {
      'application/json': { schema, ...(route.bodyExample === undefined ? {} : { example: route.bodyExample }) },
    },
  };
}
