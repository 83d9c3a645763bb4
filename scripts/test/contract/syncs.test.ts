// Every list and object that a supplier (also) keeps can be synced. Those without a sync are listed, with the reason,
// in docs/contract.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { testService } from '@lumi/shared/testing';
import type { Endpoint } from '@lumi/shared/endpoint';
import { WIRE } from '../products';

const NAMES: Readonly<Record<string, readonly Product[]>> = {
  all: PRODUCTS,
  domains: ['domains'],
  hosting: ['vps'],
  proxy: ['proxy'],
};

function withoutSync(product: Product): ReadonlyMap<string, string> {
  const text = readFileSync(join(__dirname, '../../../docs/contract.md'), 'utf8');
  const table = text.split('### What has no sync')[1]?.split('\n## ')[0] ?? '';
  return new Map(
    [...table.matchAll(/^\| (\w+) +\| (`.*`) +\| (.+?) +\|$/gm)].flatMap(([, name = '', paths = '', why = '']) =>
      NAMES[name]?.includes(product) === true
        ? [...paths.matchAll(/`([^`]+)`/g)].map(([, path = '']) => [path, why] as const)
        : [],
    ),
  );
}

describe.each(PRODUCTS)('the document of %s', (product) => {
  let endpoints: readonly Endpoint[] = [];
  let close: () => Promise<void> = () => Promise.resolve();
  testService({
    product,
    endpoints: (service) => {
      const wired = WIRE[product](service);
      [endpoints, close] = [wired.endpoints, wired.close];
      return endpoints;
    },
  });
  afterAll(() => close());

  const pathsOf = (method: string): readonly string[] =>
    endpoints.filter(({ route }) => route.method === method).map(({ route }) => route.path);
  const isPublic = (path: string): boolean =>
    endpoints.some(({ route }) => route.path === path && route.scope === 'public');

  it('has a sync for everything that can be read, or a reason why not', () => {
    const [synced, excused] = [new Set(pathsOf('POST').filter((path) => path.endsWith('/sync'))), withoutSync(product)];
    expect(
      pathsOf('GET').filter((path) => !isPublic(path) && !synced.has(`${path}/sync`) && !excused.has(path)),
    ).toEqual([]);
    // No excuse is left for an operation that does not exist, or that has a sync.
    expect([...excused.keys()].filter((path) => !pathsOf('GET').includes(path))).toEqual([]);
    expect([...excused.keys()].filter((path) => synced.has(`${path}/sync`))).toEqual([]);
  });

  it('requires one regular token and the write scope for a sync, and nothing else', () => {
    const syncs = endpoints.filter(({ route }) => route.path.endsWith('/sync'));
    expect(syncs.map(({ route }) => [route.path, route.class, route.scope, route.reach, route.errors])).toEqual(
      syncs.map(({ route }) => [route.path, 'regular', 'write', 'account', ['busy']]),
    );
  });
});
