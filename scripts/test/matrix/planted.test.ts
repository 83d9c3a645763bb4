// The matrix can fail: it finds operations with a fault that is planted here, and nothing at a correct one.
import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { Recipe, World } from '../contract/world';
import { matrix, type Outcomes } from './matrix';
import { FOR_EVERYBODY, FOR_EVERYBODY_AT, FOR_EVERY_KEY, READS, UNSIGNED, lax, unscoped } from './matrix-of';

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
const body = z.object({ cow_id: z.string().describe('A cow.') });
const posted = { ...common, method: 'POST', scope: 'write', body, bodyExample: { cow_id: 'cow_1' } } as const;
const owners = new Map<string, string>();

const show = (id: string, accountId: string | null): ReturnType<typeof json> => {
  if (owners.get(id) !== accountId) throw notFound();
  return json(200, { id });
};
/** A staged job, as a purchase leaves it. */
const write = (): Promise<unknown> =>
  lumi.owner.query(`INSERT INTO platform.outbox (product, name, payload) VALUES ('proxy', 'planted', '{}')`);

const planted = (): Endpoint[] => [
  endpoint(
    defineRoute({ ...common, id: 'get-cow', path: '/sound-cows/{id}', scope: 'read', params }),
    ({ params: { id }, accountId }) => show(id, accountId),
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-any-cow', path: '/cows/{id}', scope: 'any', params }),
    ({ params: { id }, accountId }) => show(id, accountId),
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-foreign-cow', path: '/foreign-cows/{id}', scope: 'read', params }),
    ({ params: { id } }) => json(200, { id }),
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-no-cow', path: '/no-cows/{id}', scope: 'read', params }),
    (): ReturnType<typeof json> => {
      throw notFound();
    },
  ),
  endpoint(
    defineRoute({ ...common, id: 'get-told-cow', path: '/told-cows/{id}', scope: 'read', params }),
    ({ params: { id }, accountId }) => {
      if (owners.has(id) && owners.get(id) !== accountId) throw new AppError('not_found', 'This cow is not yours.');
      return show(id, accountId);
    },
  ),
  endpoint(defineRoute({ ...posted, id: 'milk-cow', path: '/milk-cow' }), ({ body: { cow_id: id }, accountId }) =>
    show(id, accountId),
  ),
  endpoint(defineRoute({ ...posted, id: 'milk-any-cow', path: '/milk-any-cow' }), ({ body: { cow_id: id } }) =>
    json(200, { id }),
  ),
  endpoint(
    defineRoute({ ...posted, id: 'milk-and-write', path: '/milk-and-write' }),
    async ({ body: { cow_id: id }, accountId }) => {
      await write();
      return show(id, accountId);
    },
  ),
  endpoint(
    defineRoute({ ...posted, scope: 'read', id: 'feed-cow', path: '/feed-cow' }),
    ({ body: { cow_id: id }, accountId }) => show(id, accountId),
  ),
  endpoint(
    defineRoute({ ...posted, scope: 'buy', id: 'buy-cow', path: '/buy-cow' }),
    ({ body: { cow_id: id }, accountId }) => show(id, accountId),
  ),
  endpoint(defineRoute({ ...common, id: 'list-cows', path: '/cows', scope: 'public', reach: 'none' }), () =>
    json(200, { id: 'all' }),
  ),
];

const cow = (world: World): string => {
  const id = `cow_${String(world.number()).padStart(24, '0')}`;
  owners.set(id, world.who.accountId);
  return id;
};
const shown: Recipe = { call: (world) => ({ params: { id: cow(world) } }) };
const milked: Recipe = { call: (world) => ({ body: { cow_id: cow(world) } }) };

const { lumi, start, outcomesOf, operations } = matrix('proxy', { 'get-cow': shown }, { proxy: planted });
beforeAll(start, 60_000);

/** The broken promises: the caller, and the beginning of the answer. */
const wrong = ({ seen, promised }: Outcomes): string[] =>
  seen.filter((outcome, i) => outcome !== promised[i]).map((outcome) => /^.+?: .{0,9}/.exec(outcome)?.[0] ?? outcome);

it('finds nothing at a correct operation', async () => {
  const { seen, promised, changed } = await outcomesOf('get-cow', shown);
  expect([seen, changed]).toEqual([promised, []]);
  expect(promised).toEqual(
    expect.arrayContaining([
      'no key: 401 missing_bearer',
      "a key without the scope: 403 forbidden_scope: 'proxy:read'",
      'another customer: 404 not_found',
      'a key that was revoked: 401 invalid_key',
      'whoever may: 200',
    ]),
  );
  const milking = await outcomesOf('milk-cow', milked);
  expect([milking.seen, milking.changed]).toEqual([milking.promised, []]);
  expect(milking.promised).toContain('a foreign cow_id: 404 not_found');
});

it("finds an operation that shows another customer's object", async () => {
  expect(wrong(await outcomesOf('get-foreign-cow', shown))).toEqual([
    'an operator naming another than whose it is: 200 {"id"',
    'another customer: 200 {"id"',
    'a foreign id in the path: told from',
  ]);
});

it('finds an operation that takes the object of another customer from the body', async () => {
  expect(wrong(await outcomesOf('milk-any-cow', milked))).toEqual(['a foreign cow_id: told from']);
});

it("finds an operation that answers another customer's object differently from an unknown one", async () => {
  expect(wrong(await outcomesOf('get-told-cow', shown))).toEqual(['a foreign id in the path: told from']);
});

it('finds an operation that refuses every caller, because its refusals prove nothing', async () => {
  expect(wrong(await outcomesOf('get-no-cow', shown))).toEqual(['whoever may: 404 {"err']);
});

it('finds an operation that writes although it refuses, also when it only stages a job', async () => {
  const outcomes = await outcomesOf('milk-and-write', milked);
  expect([wrong(outcomes), outcomes.changed]).toEqual([[], ['platform.outbox']]);
});

const isOpenToAll = (id: string): boolean => [...FOR_EVERYBODY, ...(FOR_EVERYBODY_AT.proxy ?? [])].includes(id);

it('finds an operation without a scope', () => {
  const { public: open, any } = unscoped(operations());
  expect([open.filter((id) => !isOpenToAll(id)), any.filter((id) => !FOR_EVERY_KEY.includes(id))]).toEqual([
    ['list-cows'],
    ['get-any-cow'],
  ]);
});

it('finds an operation that is declared with a class that is too weak', () => {
  const { reads, unsigned } = lax(operations());
  expect([reads.filter((id) => !READS.includes(id)), unsigned.filter((id) => !UNSIGNED.includes(id))]).toEqual([
    ['feed-cow'],
    ['buy-cow'],
  ]);
});

it('fails for an operation that has no recipe', async () => {
  await expect(outcomesOf('get-nothing', shown)).rejects.toThrow('not in the document');
});
