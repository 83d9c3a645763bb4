import { z } from 'zod';
import { ERROR_CODES, defineRoute, isErrorCode } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { ERROR_ADVICE } from './error-advice';

const errorSchema = z.object({
  code: z.string().meta({ example: 'in_progress' }),
  status: z.int(),
  message: z.string().describe('What it means.'),
  retry_safe: z.boolean().describe('The same request can succeed later, and repeating it (money requests: with the same Idempotency-Key) does no harm.'),
  advice: z.string().describe('What helps.'),
}).meta({ id: 'ErrorCode' });

export function listErrors(): Endpoint {
  const items = Object.entries(ERROR_CODES).flatMap(([code, { status, sentence }]) => (isErrorCode(code)
    ? [{ code, status, message: sentence, retry_safe: ERROR_ADVICE[code].isRetrySafe, advice: ERROR_ADVICE[code].advice }] : []));
  return endpoint(
    defineRoute({
      id: 'list-errors', method: 'GET', path: '/errors', summary: 'List all error codes', tag: 'Reference', scope: 'public', class: 'regular', reach: 'none',
      description: 'Every code an error can have. The list is closed. Needs no key.',
      responses: { 200: { description: 'All codes.', schema: z.object({ items: z.array(errorSchema) }) } },
    }),
    () => json(200, { items }, { 'Cache-Control': 'public, max-age=60' }),
  );
}
