// The headers of answers, for the OpenAPI document: declared once, named by each answer that carries them.
import type { RouteSpec } from '../../ground/contract';

const always = (description: string, example: string) => ({
  description,
  required: true,
  schema: { type: 'string' },
  example,
});

export const ANSWER_HEADERS = {
  'X-Request-Id': always('The id of this request, as it stands in our logs.', 'req_01k9z3v7m2h8q4t6w0x5y1c3'),
  RateLimit: always(
    'What is left of each limit: `r` requests, and `t` seconds until all are back; in a refusal, until a ' +
      'retry passes, as in `Retry-After`.',
    '"regular";r=119;t=1',
  ),
  'RateLimit-Policy': always('Each limit: `q` requests in `w` seconds.', '"regular";q=120;w=60'),
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 1 },
    example: 3,
  },
  'Idempotent-Replayed': {
    description: '`true` on an answer that was given before and comes from memory.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  Location: {
    description: 'Where to ask how it goes on.',
    schema: { type: 'string' },
    example: '/operations/op_01k9z3v7m2h8q4t6w0x5y1c3',
  },
  'X-Lines-Left-Out': {
    description: 'How many lines could not have worked and are not in the answer.',
    schema: { type: 'integer', minimum: 1 },
    example: 2,
  },
} as const;

/** Headers of an answer with this status. `Retry-After` may be on any refusal that ends after some time. */
export function answerHeaders(status: string, route: RouteSpec): Record<string, { readonly $ref: string }> {
  const names: string[] = [
    'X-Request-Id',
    'RateLimit',
    'RateLimit-Policy',
    ...(route.responses[Number(status)]?.headers ?? []),
  ];
  if (['202', '409', '429', '503'].includes(status)) names.push('Retry-After');
  if (['201', '202'].includes(status)) names.push('Location');
  if ((route.class !== 'regular' || route.autoRenew !== undefined) && status < '500') names.push('Idempotent-Replayed');
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
