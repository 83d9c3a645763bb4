// The code of the reference: for every operation, curl, Python and TypeScript send the same request, and it is the one
// that the document describes. Lumi's answers to these requests are what the contract tests check.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import { codeOf, exampleOf } from '../../../packages/docs-site/src/code';
import { apiOf, type Api, type Operation } from '../../../packages/docs-site/src/document';
import { documentOf } from '../documents';
import { has, runProgram, runScript, runShell } from './run-code';

jest.setTimeout(60_000);

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly body: unknown;
}

const sent: Sent[] = [];
const server = http.createServer(async (req, res) => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  sent.push({
    method: req.method ?? '',
    url: req.url ?? '',
    key: req.headers.authorization,
    idempotencyKey: req.headers['idempotency-key'] as string | undefined,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  });
  res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
const env = { LUMI_API_KEY: 'lumi_key_of_the_test' };

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

function apiHere(product: Product): Api {
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { ...apiOf(product, JSON.stringify(documentOf(product))), url: `${origin}${BASE_PATHS[product]}` };
}

async function requestsOf(run: () => Promise<unknown>): Promise<readonly Sent[]> {
  sent.length = 0;
  await run();
  return [...sent];
}

function expected(operation: Operation, product: Product): Sent {
  const { method, path, query, body, needsKey, idempotencyKey } = exampleOf(operation);
  const queryText = new URLSearchParams(query).toString();
  return {
    method,
    body,
    url: `${BASE_PATHS[product]}${path}${queryText === '' ? '' : `?${queryText}`}`,
    key: needsKey ? `Bearer ${env.LUMI_API_KEY}` : undefined,
    idempotencyKey: idempotencyKey ?? undefined,
  };
}

describe.each(PRODUCTS)('the code of the reference of %s', (product) => {
  let api: Api;
  beforeAll(() => {
    api = apiHere(product);
  });
  const operations = (): readonly Operation[] => api.tags.flatMap((tag) => tag.operations);
  const wanted = (): readonly Sent[] => operations().map((operation) => expected(operation, product));
  const program = (language: 'sh' | 'python'): string =>
    operations()
      .map((operation) => codeOf(language, operation, api))
      .join('\n');

  it('is there for every operation, with no part of a path left open', () => {
    expect(operations().length).toBeGreaterThan(80);
    expect(wanted().filter(({ url }) => /[{}]/.test(url))).toEqual([]);
  });

  it('sends the documented request by curl', async () => {
    if (!has('curl')) return void console.warn('curl is not on this machine: its examples are left out.');
    expect(await requestsOf(() => runShell(program('sh'), env))).toEqual(wanted());
  });

  it('sends the documented request by Python', async () => {
    if (!has('python3')) return void console.warn('python3 is not on this machine: its examples are left out.');
    expect(await requestsOf(() => runProgram('python3', ['-c', program('python')], env))).toEqual(wanted());
  });

  it('sends the documented request by TypeScript', async () => {
    const all = operations();
    const got = await requestsOf(async () => {
      for (const operation of all) await runScript(codeOf('ts', operation, api), env);
    });
    // The client sends its key with every request.
    const withKey = wanted().map((one) => ({ ...one, key: `Bearer ${env.LUMI_API_KEY}` }));
    // It also makes an Idempotency-Key for guarded requests.
    const made = /^lumi-[0-9a-f]{32}$/;
    expect(
      got.map((one) => ({
        ...one,
        idempotencyKey: made.test(one.idempotencyKey ?? '') ? undefined : one.idempotencyKey,
      })),
    ).toEqual(withKey);
  });
});
