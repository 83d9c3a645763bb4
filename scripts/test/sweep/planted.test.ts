// The sweep can fail: it finds operations with a fault that is planted here, and nothing at a correct one.
import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { sweeper, type Findings } from './sweeper';

const common = {
  method: 'PATCH',
  summary: '-',
  description: '-',
  tag: 'Test',
  scope: 'write',
  class: 'regular',
  reach: 'account',
  responses: { 200: { description: '-', schema: z.object({ size: z.string() }), example: { size: '5' } } },
} as const;
/** A field of a sort of its own, so that every kind of wrong value is tried at it. */
const sized = (id: string) =>
  ({
    ...common,
    id,
    path: `/${id}`,
    body: z.object({ size: z.unknown().describe(`A whole number, as text, of ${id}.`) }),
    bodyExample: { size: '5' },
  }) as const;
const isGood = (size: unknown): size is string => typeof size === 'string' && /^[1-9]\d{0,5}$/.test(size);
const write = (): Promise<unknown> =>
  lumi.owner.query(`SELECT platform.create_account('usr_' || md5(random()::text), 'Planted')`);

const planted = (): Endpoint[] => [
  endpoint(defineRoute(sized('set-size')), ({ body: { size } }) => {
    if (!isGood(size)) throw invalid('size', 'must be a whole number from 1 to 999999');
    return json(200, { size });
  }),
  endpoint(defineRoute(sized('set-size-and-throw')), ({ body: { size } }) =>
    json(200, { size: BigInt(size as string).toString() }),
  ),
  endpoint(defineRoute(sized('set-size-and-write')), async ({ body: { size } }) => {
    await write();
    if (!isGood(size)) throw invalid('size', 'must be a whole number from 1 to 999999');
    return json(200, { size });
  }),
  endpoint(defineRoute(sized('set-size-and-quote')), ({ body: { size } }) => {
    if (!isGood(size)) throw invalid('size', 'Invalid input: expected string, received number');
    return json(200, { size });
  }),
  endpoint(defineRoute(sized('set-size-and-surprise')), ({ body: { size } }) => json(200, { size, surprise: true })),
  endpoint(defineRoute(sized('set-size-or-conflict')), async ({ body: { size } }) => {
    if (isGood(size)) return json(200, { size });
    await write();
    throw new AppError('state_conflict');
  }),
  endpoint(defineRoute(sized('set-no-size')), (): ReturnType<typeof json> => {
    throw new AppError('forbidden_scope');
  }),
  endpoint(
    defineRoute({
      ...common,
      method: 'GET',
      scope: 'read',
      id: 'get-size-and-write',
      path: '/size-and-write',
      query: z.object({ unit: z.string().optional().describe('A unit.') }),
    }),
    async () => {
      await write();
      return json(200, { size: '5' });
    },
  ),
];

const { lumi, start, sweep } = sweeper('proxy', 1, { proxy: planted });
beforeAll(start, 60_000);

const found = (id: string, endsAt = Infinity): Promise<Findings> =>
  sweep(id, { call: () => (id.startsWith('get-') ? {} : { body: { size: '5' } }) }, endsAt);

it('finds nothing at a correct operation', async () => {
  expect(await found('set-size')).toEqual({ faults: [], changed: [], unjudged: [] });
});

it.each([
  ['set-size-and-throw', 'a fault of ours'],
  ['set-size-and-quote', "a sentence of the library's"],
  ['set-size-and-surprise', 'must NOT have additional properties'],
])('finds the fault of %s: %s', async (id, fault) => {
  const { faults } = await found(id);
  expect(faults).toContainEqual(expect.stringContaining(fault));
  expect(faults).toContainEqual(expect.stringContaining('field size'));
});

it.each(['set-size-and-write', 'set-size-or-conflict', 'get-size-and-write'])(
  'finds that %s writes what it must not, and with which values',
  async (id) => {
    const { changed } = await found(id);
    expect(changed[0]).toMatch(/requests were refused, and .*platform\.account/);
    expect(changed.slice(1)).toContainEqual(expect.stringMatching(/→ \d{3} .* changes .*platform\.account/s));
  },
);

it('judges one value of each place though there is no time left', async () => {
  expect(await found('set-size', 0)).toEqual({ faults: [], changed: [], unjudged: [] });
  expect((await found('set-size-and-write', 0)).changed[0]).toMatch(/requests were refused, and .*platform\.account/);
});

it('finds an operation that refuses everything', async () => {
  expect((await found('set-no-size')).faults).toContainEqual(expect.stringContaining('refused without anything wrong'));
});

it('finds that nobody has looked at any value where all of it was refused for who asks', async () => {
  const call = { headers: { authorization: 'Bearer nobody' }, body: { size: '5' } };
  const { unjudged } = await sweep('set-size', { call: () => call }, Infinity);
  expect(unjudged).toContain('field size');
});
