// A new endpoint needs only a release of its product. The running gateway serves it, checks its scope, counts it
// against the limits and documents it.
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { until } from '@lumi/shared/testing';
import { wholeWay, type Answer } from './whole-way';

const lumi = wholeWay({ products: ['vps', 'proxy'] });
const VPS = '/hosting/api/v1';

const countServers = (): Endpoint =>
  endpoint(
    defineRoute({
      id: 'count-racks',
      method: 'GET',
      path: '/racks/{rack}/count',
      summary: 'Count the servers of a rack',
      tag: 'Servers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'How many servers of yours stand there.',
      params: z.object({
        rack: z
          .string()
          .regex(/^[a-z]\d$/)
          .describe('The rack.'),
      }),
      responses: {
        200: {
          description: 'The count.',
          schema: z.object({ rack: z.string(), user_id: z.string(), count: z.int() }),
          example: { rack: 'a1', user_id: 'usr_1', count: 3 },
        },
      },
    }),
    ({ params, accountId }) => json(200, { rack: params.rack, user_id: accountId, count: 3 }),
  );

const rentRack = (): Endpoint =>
  endpoint(
    defineRoute({
      id: 'rent-rack',
      method: 'POST',
      path: '/racks',
      summary: 'Rent a rack',
      tag: 'Servers',
      scope: 'buy',
      class: 'money',
      reach: 'account',
      description: 'A money request.',
      body: z.object({ rack: z.string() }),
      bodyExample: { rack: 'a1' },
      responses: { 201: { description: 'Rented.', schema: z.object({ rack: z.string() }), example: { rack: 'a1' } } },
    }),
    ({ body }) => json(201, { rack: body.rack }),
  );

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly 'x-lumi-scope': string }>>>
  >;
}

const documentOf = async (base: string): Promise<Document> =>
  (await lumi.send('GET', `${base}/openapi.json`)).body as Document;
const codeOf = ({ status, body }: Answer): [number, unknown] => [
  status,
  (body as { error?: { code?: unknown } }).error?.code,
];

it('serves, scopes, limits and documents a service’s new endpoint without a change of the gateway', async () => {
  const who = await lumi.buyer({ product: 'vps', balance: '10' });
  const count = `${VPS}/racks/a1/count`;
  expect(codeOf(await lumi.get(who, count))).toEqual([404, 'not_found']);
  const [before, others] = [await documentOf(VPS), await documentOf('/proxy/api/v1')];
  expect(Object.keys(before.paths)).not.toContain('/racks/{rack}/count');

  await lumi.release('vps', () => [countServers(), rentRack()]);

  // Served, to the account of the key.
  const served = await until(async () => {
    const answer = await lumi.get(who, count);
    return answer.status === 404 || answer.status === 503 ? false : answer;
  });
  expect(served).toMatchObject({ status: 200, body: { rack: 'a1', user_id: who.accountId, count: 3 } });
  expect(codeOf(await lumi.get(who, `${VPS}/racks/nowhere/count`))).toEqual([404, 'not_found']);
  expect(codeOf(await lumi.get(who, `${count}?rack=a1`))).toEqual([422, 'validation_error']);
  expect(await lumi.send('POST', count, { key: who.key })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });

  // Scoped.
  expect(codeOf(await lumi.send('GET', count))).toEqual([401, 'missing_bearer']);
  const stranger = await lumi.keyOf(who.accountId, { product: 'proxy' });
  expect(codeOf(await lumi.get(stranger, count))).toEqual([401, 'invalid_key']);
  const writer = await lumi.keyOf(who.accountId, { product: 'vps', scopes: ['vps:write'] });
  const refused = await lumi.get(writer, count);
  expect(codeOf(refused)).toEqual([403, 'forbidden_scope']);
  expect(refused.text).toContain("'vps:read'");

  // Limited, as a regular and as a money request.
  const narrow = await lumi.keyOf(who.accountId, {
    product: 'vps',
    limits: { regularPerMinute: 3, moneyPerMinute: 1 },
  });
  const rent = (idempotencyKey?: string): Promise<Answer> =>
    lumi.request(narrow, 'POST', '/racks', { rack: 'a1' }, idempotencyKey);
  expect(codeOf(await rent())).toEqual([400, 'idempotency_key_required']);
  const rented = await rent('rent-a-rack-0001');
  expect(rented).toMatchObject({
    status: 201,
    headers: { 'ratelimit-policy': '"regular";q=3;w=60, "money";q=1;w=60' },
  });
  expect(rented.headers['ratelimit']).toMatch(/^"regular";r=1;t=\d+, "money";r=0;t=\d+$/);
  expect(codeOf(await rent('rent-a-rack-0002'))).toEqual([429, 'rate_limited']);
  const limited = await lumi.get(narrow, count);
  expect(codeOf(limited)).toEqual([429, 'rate_limited']);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);

  // Documented: in the document for programs and for the reference page.
  const after = await documentOf(VPS);
  expect(after.paths['/racks/{rack}/count']?.['get']).toMatchObject({
    operationId: 'count-racks',
    'x-lumi-scope': 'vps:read',
  });
  const page = await lumi.send('GET', `${VPS}/docs/servers`);
  expect(page.status).toBe(200);
  expect(page.text).toContain('id="rent-rack"');

  // And only there: the other product does not have it.
  expect(await documentOf('/proxy/api/v1')).toEqual(others);
  expect(codeOf(await lumi.get(stranger, '/proxy/api/v1/racks/a1/count'))).toEqual([404, 'not_found']);
});
