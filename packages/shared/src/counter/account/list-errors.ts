import { z } from 'zod';
import {
  ERROR_ADVICE,
  ERROR_CODES,
  defineRoute,
  isErrorCode,
  pageOf,
  pageQuery,
  type Cursors,
} from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { pageOfWhole } from '../listing';

const errorSchema = z
  .object({
    code: z.string().meta({ example: 'in_progress' }),
    status: z.int(),
    message: z.string().describe('What it means.'),
    retry_safe: z
      .boolean()
      .describe(
        'The same request can succeed later, and repeating it (money requests: with the same ' +
          'Idempotency-Key) does no harm.',
      ),
    advice: z.string().describe('What helps.'),
  })
  .meta({ id: 'ErrorCode' });

export function listErrors({ cursors }: { readonly cursors: Cursors }): Endpoint {
  const items = Object.entries(ERROR_CODES).flatMap(([code, { status, sentence }]) =>
    isErrorCode(code)
      ? [
          {
            code,
            status,
            message: sentence,
            retry_safe: ERROR_ADVICE[code].isRetrySafe,
            advice: ERROR_ADVICE[code].advice,
          },
        ]
      : [],
  );
  return endpoint(
    defineRoute({
      id: 'list-errors',
      method: 'GET',
      path: '/errors',
      summary: 'List all error codes',
      tag: 'Reference',
      scope: 'public',
      class: 'regular',
      reach: 'none',
      description: 'Every code an error can have. The list is closed. Needs no key.',
      query: pageQuery,
      responses: { 200: { description: 'A page of codes.', schema: pageOf(errorSchema) } },
    }),
    ({ query }) =>
      json(
        200,
        pageOfWhole(items, { route: 'list-errors', query, cursors, key: ({ code }) => code, view: (item) => item }),
        { 'Cache-Control': 'public, max-age=60' },
      ),
  );
}
