import { z } from 'zod';
import { AppError, defineRoute } from '../../ground/contract';
import { validateBody } from './validate';

const route = defineRoute({
  id: 'x',
  method: 'POST',
  path: '/x',
  summary: 'x',
  description: 'x',
  tag: 'x',
  scope: 'any',
  class: 'regular',
  reach: 'none',
  responses: { 200: { description: 'x' } },
  body: z.object({ name: z.string(), inner: z.object({ count: z.int() }).strict().optional() }),
});

function details(body: unknown): unknown {
  try {
    validateBody(route as never, body);
    return [];
  } catch (err) {
    return err instanceof AppError ? err.details?.map((detail) => `${detail.path} ${detail.message}`) : err;
  }
}

describe('the details of a 422', () => {
  it.each([
    [{ name: 'a' }, []],
    [{}, ['name is required']],
    [null, [' must be an object']],
    [[], [' must be an object']],
    [undefined, ['name is required']],
    [{ name: 5 }, ['name must be a string, in quotes']],
    [{ name: null }, ['name must be a string, in quotes']],
    [{ name: 'a', inner: {} }, ['inner.count is required']],
    [{ name: 'a', inner: { count: '1' } }, ['inner.count must be a number']],
    [
      { name: 'a', inner: { count: 1, more: 1 }, other: 2 },
      ['inner.more is not a field of this request', 'other is not a field of this request'],
    ],
  ])('%j: %j', (body, expected) => {
    expect(details(body)).toEqual(expected);
  });
});
