// The sweep can fail: it finds operations with a fault that is planted here, and nothing at a correct one.
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
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
const body = z.object({ size: z.unknown().describe('A whole number, as text.') });
const isGood = (size: unknown): size is string => typeof size === 'string' && /^[1-9]\d{0,5}$/.test(size);
const write = (): Promise<unknown> =>
  lumi.owner.query(`SELECT platform.create_account('usr_' || md5(random()::text), 'Planted')`);

const planted = (): Endpoint[] => [
  endpoint(
    defineRoute({ ...common, id: 'set-size', path: '/size', body, bodyExample: { size: '5' } }),
    ({ body: { size } }) => {
      if (!isGood(size)) throw invalid('size', 'must be a whole number from 1 to 999999');
      return json(200, { size });
    },
  ),
  endpoint(
    defineRoute({ ...common, id: 'set-size-and-throw', path: '/size-and-throw', body, bodyExample: { size: '5' } }),
    ({ body: { size } }) => json(200, { size: BigInt(size as string).toString() }),
  ),
  endpoint(
    defineRoute({ ...common, id: 'set-size-and-write', path: '/size-and-write', body, bodyExample: { size: '5' } }),
    async ({ body: { size } }) => {
      await write();
      if (!isGood(size)) throw invalid('size', 'must be a whole number from 1 to 999999');
      return json(200, { size });
    },
  ),
  endpoint(
    defineRoute({ ...common, id: 'set-size-and-quote', path: '/size-and-quote', body, bodyExample: { size: '5' } }),
    ({ body: { size } }) => {
      if (!isGood(size)) throw invalid('size', 'Invalid input: expected string, received number');
      return json(200, { size });
    },
  ),
  endpoint(
    defineRoute({
      ...common,
      id: 'set-size-and-surprise',
      path: '/size-and-surprise',
      body,
      bodyExample: { size: '5' },
    }),
    ({ body: { size } }) => json(200, { size, surprise: true }),
  ),
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

const { lumi, start, sweep } = sweeper('proxy', jest.getSeed(), { proxy: planted });
beforeAll(start, 60_000);

const found = (id: string): Promise<Findings> =>
  sweep(id, { call: () => (id.startsWith('get-') ? {} : { body: { size: '5' } }) }, Infinity);

it('finds nothing at a correct operation', async () => {
  expect(await found('set-size')).toEqual({ faults: [], changed: [] });
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

it.each(['set-size-and-write', 'get-size-and-write'])(
  'finds that %s writes what it must not, and with which values',
  async (id) => {
    const { changed } = await found(id);
    expect(changed[0]).toMatch(/requests were refused, and platform\.account/);
    expect(changed.slice(1)).toContainEqual(expect.stringMatching(/→ \d{3} .* changes platform\.account/s));
  },
);
