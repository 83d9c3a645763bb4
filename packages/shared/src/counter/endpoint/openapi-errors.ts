// The refusals of an operation in its OpenAPI document: which codes it has, by status, each with its example.
import { ERROR_CODES, type ErrorCode, type RouteSpec } from '../../ground/contract';
import type { JsonSchema } from './json-schemas';

const ALWAYS: readonly ErrorCode[] = [
  'bad_request',
  'missing_bearer',
  'invalid_key',
  'forbidden_scope',
  'not_found',
  'validation_error',
  'rate_limited',
  'internal_error',
  'service_unavailable',
  'api_disabled',
];
const MONEY: readonly ErrorCode[] = [
  'money_disabled',
  'invalid_signature',
  'idempotency_key_required',
  'idempotency_key_reused',
  'in_progress',
  'daily_cap_exceeded',
  'insufficient_balance',
];
const GUARDED: readonly ErrorCode[] = ['invalid_signature', 'idempotency_key_required', 'idempotency_key_reused'];
const PUBLIC: readonly ErrorCode[] = [
  'bad_request',
  'not_found',
  'validation_error',
  'rate_limited',
  'internal_error',
  'service_unavailable',
  'api_disabled',
];

export function isGuarded(route: RouteSpec): boolean {
  return route.class === 'guarded' || (route.class === 'regular' && route.autoRenew !== undefined);
}

export function errorsByStatus(route: RouteSpec, isPublic: boolean): [string, ErrorCode[]][] {
  const codes = new Set<ErrorCode>([
    ...(isPublic ? PUBLIC : ALWAYS).filter((code) => code !== 'forbidden_scope' || route.scope !== 'any'),
    ...(route.class === 'money' ? MONEY : []),
    ...(isGuarded(route) ? GUARDED : []),
    ...(route.body === undefined ? [] : ['payload_too_large' as const]),
    ...(route.bulk === undefined ? [] : ['batch_too_large' as const]),
    ...(route.errors ?? []),
  ]);
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(ERROR_CODES[code].status);
    if (route.responses[ERROR_CODES[code].status] !== undefined) continue;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function codesOf(one: unknown): ErrorCode[] {
  // made by `operation`
  const { responses: all } = one as { responses: Record<string, { 'x-lumi-codes'?: ErrorCode[] }> };
  return Object.values(all).flatMap((response) => response['x-lumi-codes'] ?? []);
}

export function errorExample(code: ErrorCode): JsonSchema {
  const { sentence, status } = ERROR_CODES[code];
  const details =
    code === 'validation_error'
      ? { details: [{ path: 'limit', message: 'must be a whole number from 1 to 200' }] }
      : {};
  return {
    summary: `${String(status)} ${code}`,
    value: { error: { code, message: sentence, request_id: 'req_01k9z3v7m2h8q4t6w0x5y1c3', ...details } },
  };
}

export function errorSchema(): JsonSchema {
  return {
    type: 'object',
    required: ['error'],
    additionalProperties: false,
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message', 'request_id'],
        additionalProperties: false,
        description: 'What went wrong.',
        properties: {
          code: { type: 'string', enum: Object.keys(ERROR_CODES), description: 'For programs: decide by this.' },
          message: { type: 'string', description: 'For people; the wording may change.' },
          request_id: {
            type: 'string',
            description: 'Of this request; the same as in `X-Request-Id`. Quote it to support.',
          },
          details: {
            type: 'array',
            description:
              'With `422`: every field that is wrong. Elsewhere: the one fact needed to go on, such as the new price.',
            items: {
              type: 'object',
              required: ['path', 'message'],
              additionalProperties: false,
              properties: {
                path: {
                  type: 'string',
                  description: 'Where: a field, such as `contact.email`, or empty for the whole.',
                },
                message: { type: 'string', description: 'What is wrong there.' },
              },
            },
          },
        },
      },
    },
  };
}
