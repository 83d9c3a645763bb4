// The matrix can fail: operations with a fault that is planted here are found, and a sound one is not.
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { World } from '../contract/world';
import { FOR_EVERYBODY, FOR_EVERY_KEY, matrix, unscoped } from './matrix-of';

const common = {
  method: 'GET',
  summary: '-',
  description: '-',
  tag: 'Test',
  class: 'regular',
  reach: 'account',
  responses: { 200: { description: '-', schema: z.object({ id: z.string() }), example: { id: 'cow_1' } } },
} as const;
const params = z.object({ id: z.string().describe('A cow.') });
const owners = new Map<string, string>();

const planted = (): Endpoint[] => [
  endpoint(
    defineRoute({ ...common, id: 'get-sound-cow', path: '/sound-cows/{id}', scope: 'read', params }),
    ({ params: { id }, accountId }) => {
      if (owners.get(id) !== accountId) throw notFound();
      return json(200, { id });
    },
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-any-cow', path: '/cows/{id}', scope: 'any', params }),
    ({ params: { id }, accountId }) => {
      if (owners.get(id) !== accountId) throw notFound();
      return json(200, { id });
    },
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-foreign-cow', path: '/foreign-cows/{id}', scope: 'read', params }),
    ({ params: { id } }) => json(200, { id }),
  ),
  endpoint(defineRoute({ ...common, id: 'list-cows', path: '/cows', scope: 'public', reach: 'none' }), () =>
    json(200, { id: 'all' }),
  ),
];

const { start, outcomesOf, operations } = matrix('proxy', { proxy: planted });
beforeAll(start, 60_000);

const recipe = {
  call: (world: World) => {
    const id = `cow_${String(world.number()).padStart(24, '0')}`;
    owners.set(id, world.who.accountId);
    return { params: { id } };
  },
};

it('finds nothing at a sound operation', async () => {
  const { seen, promised, changed } = await outcomesOf('get-sound-cow', recipe);
  expect([seen, changed]).toEqual([promised, []]);
  expect(promised).toEqual(
    expect.arrayContaining([
      'no key: 401 missing_bearer',
      'a key without the scope: 403 forbidden_scope',
      'another customer: 404 not_found',
      'a key that was revoked: 401 invalid_key',
    ]),
  );
});

it("finds an operation that shows another customer's object", async () => {
  const { seen, promised } = await outcomesOf('get-foreign-cow', recipe);
  expect(seen.filter((outcome) => !promised.includes(outcome)).map((outcome) => outcome.slice(0, 21))).toEqual([
    'another customer: 200',
    'a foreign id in the p',
  ]);
});

it('finds an operation that forgot its scope', () => {
  const { public: open, any } = unscoped(operations());
  expect([open.filter((id) => !FOR_EVERYBODY.includes(id)), any.filter((id) => !FOR_EVERY_KEY.includes(id))]).toEqual([
    ['list-cows'],
    ['get-any-cow'],
  ]);
});

it('fails for an operation that has no recipe', async () => {
  await expect(outcomesOf('get-nothing', recipe)).rejects.toThrow('not in the document');
});
