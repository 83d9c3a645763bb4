// Every operation of the three documents is in the client: by its id, and as a method of a resource.
import { LumiDomains, LumiHosting, LumiProxy, type LumiOptions } from '@lumi/client';
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { DocumentedApi } from '../contract/documented-api';
import { documentOf } from '../documents';

type Method = (...args: unknown[]) => PromiseLike<unknown>;
type AnyClient = {
  call(id: string, input: object, options: object): PromiseLike<unknown>;
} & Readonly<Record<string, Readonly<Record<string, Method>>>>;

const CLIENTS: Readonly<Record<Product, new (options: LumiOptions) => object>> = {
  domains: LumiDomains,
  vps: LumiHosting,
  proxy: LumiProxy,
};
/** What the client does beyond single operations. */
const EXTRAS = ['operations.wait', 'batches.wait', 'events.follow'];

describe.each(PRODUCTS)('the client of %s', (product) => {
  const sent: { method: string; path: string; key: boolean; query: string[] }[] = [];
  const client = new CLIENTS[product]({
    apiKey: 'lumi_test',
    baseUrl: 'https://api.example.com',
    fetch: async (url, init) => {
      const { pathname, searchParams } = new URL(String(url));
      const key = new Headers(init?.headers).has('idempotency-key');
      sent.push({
        method: init?.method ?? '',
        path: decodeURIComponent(pathname),
        key,
        query: [...searchParams.keys()],
      });
      return Response.json({});
    },
  }) as AnyClient;
  const operations = [...new DocumentedApi(documentOf(product)).operations.values()];

  beforeEach(() => void (sent.length = 0));

  it('is made from this document; else run: node scripts/client.mjs', async () => {
    expect(operations.length).toBeGreaterThan(80);
    for (const { id, path } of operations) {
      const parts = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `<${name ?? ''}>`]));
      await client.call(id, { path: parts }, { userId: undefined });
    }
    expect(sent.map(({ method, path }) => `${method} ${path.replace(/.*\/api\/v1/, '')}`)).toEqual(
      operations.map(({ method, path }) => `${method} ${path.replace(/[{}]/g, (one) => (one === '{' ? '<' : '>'))}`),
    );
    expect(sent.map(({ key }) => key)).toEqual(operations.map(({ isMoney, isGuarded }) => isMoney || isGuarded));
  });

  it('has one method for each operation, and no other', async () => {
    const methods = Object.entries(client).flatMap(([resource, group]) =>
      Object.entries(group).map(([name, method]) => ({ name: `${resource}.${name}`, method })),
    );
    const names = methods.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(EXTRAS.filter((name) => !names.includes(name))).toEqual([]);
    for (const { name, method } of methods)
      if (!EXTRAS.includes(name))
        await method('1', '2', '3', {}, {})
          .then(null, () => method('1', '2', {}, {}))
          .then(null, () => method('1', {}, {}));
    const called = new Set(
      sent.map(({ method, path }) => `${method} ${path.replace(/.*\/api\/v1/, '').replace(/\/[123](?=\/|$)/g, '/_')}`),
    );
    const documented = operations.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '_')}`);
    expect(documented.filter((one) => !called.has(one))).toEqual([]);
    expect(names).toHaveLength(operations.length + EXTRAS.length);
  });
});
