// Rules for all three OpenAPI documents, checked on the documents alone, so that a new operation is checked
// automatically.
import { PRODUCTS, withoutSharing, type Product } from '@lumi/shared/contract';
import { DocumentedApi, type Operation } from './contract/documented-api';
import { documentOf } from './documents';

type Json = Readonly<Record<string, unknown>>;

/** Name servers, tags, addresses of one object: short lists inside an object. */
const FEW_ITEMS = 20;
/** Events and their examples are part of it. */
const KIB_MAX: Readonly<Record<Product, number>> = { domains: 400, vps: 320, proxy: 400 };
/** Longer lists that are settings of one object. */
const SETTINGS = new Set([
  ...['events', 'ip_allowlist', 'ssh_key_ids', 'domains_block', 'domains_allow', 'country'],
  // Records of one zone, which is read and written as a whole whatever a change says of it.
  ...['values', 'deletes', 'updates', 'rrsets', 'creates'],
]);

/** They are sent whole, as files. */
const FILES = new Set(['export-proxies', 'read-export-link']);

/** What only one product has. */
const OWN: Readonly<Record<Product, RegExp>> = {
  domains: /lumi_domains|^domains:|\bdomain_|^domain\.|\bcon_[0-9a-z]{24}/,
  vps: /lumi_vps|^vps:|\bserver_|^server\.|\b(srv|snp|ssh)_[0-9a-z]{24}/,
  proxy: /lumi_proxy|^proxy:|\bproxy_|^proxy\.|\b(prx|tpl|sub)_[0-9a-z]{24}/,
};

/** Texts that cannot be true in an example of this product, or not at the same time. */
function untrue(product: Product, value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => untrue(product, one, `${path}.${String(i)}`));
  if (typeof value === 'object' && value !== null)
    return [
      ...untrueTogether(value as Json).map((text) => `${path}: ${text}`),
      ...Object.entries(value).flatMap(([name, one]) => untrue(product, one, `${path}.${name}`)),
    ];
  if (typeof value !== 'string') return [];
  const name =
    path
      .split('.')
      .filter((part) => !/^\d+$/.test(part))
      .at(-1) ?? '';
  const faults = [
    name === 'product' && value !== product ? 'another product' : null,
    PRODUCTS.some((other) => other !== product && OWN[other].test(value)) ? 'a thing of another product' : null,
    name.endsWith('_usd') && !/^-?\d+\.\d{2,4}$/.test(value) ? 'no amount as answers have it' : null,
    /^[a-z]{2,4}_01k/.test(value) && !/^[a-z]{2,4}_[0-9a-z]{24}$/.test(value) ? 'no id as ids are' : null,
    name.includes('_') && value === name.replaceAll('_', ' ') ? 'only the name of the field' : null,
  ];
  return faults.filter((fault) => fault !== null).map((fault) => `${path}: ${value} is ${fault}`);
}

function untrueTogether(object: Json): string[] {
  const { ok, failed, pending = 0, total, state, status, error } = object;
  const isFine = ['ok', 'queued', 'processing', 'completed', 'active'].includes(String(state ?? status));
  return [
    ...(typeof ok === 'number' && Number(total) !== ok + Number(failed) + Number(pending)
      ? ['the counts do not make the total']
      : []),
    ...(isFine && typeof error === 'object' && error !== null ? ['an error of what has not failed'] : []),
    ...(status === 'ok' && 'batch_id' in object ? ['a batch is never ok'] : []),
  ];
}

describe.each(PRODUCTS)('the document of %s', (product) => {
  const served = documentOf(product);
  const document = withoutSharing(served);
  const api = new DocumentedApi(document);
  const operations = [...api.operations.values()];
  const resolved = (schema: unknown): Json => {
    const { $ref } = schema as { $ref?: string };
    return $ref === undefined ? (schema as Json) : (document.components.schemas[$ref.split('/').at(-1) ?? ''] as Json);
  };
  const answersOf = (operation: Operation): Json[] =>
    Object.entries(operation.responses).flatMap(([status, { content }]) => {
      const schema = content?.['application/json']?.schema;
      return status >= '400' || schema === undefined ? [] : [resolved(schema)];
    });

  it('writes every refusal once, and is small enough to be read by a browser', () => {
    const refusals = Object.values(served.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.entries(responses).filter(([status]) => status >= '400'));
    expect(refusals.length).toBeGreaterThan(500);
    expect(refusals.filter(([, answer]) => !('$ref' in answer))).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify(served)) / 1024).toBeLessThan(KIB_MAX[product]);
  });

  it('has one shape of lists: every GET with `items` is paged', () => {
    const shape = (schema: Json): string[] => Object.keys((schema['properties'] ?? {}) as Json);
    const lists = operations
      .filter(({ method }) => method === 'GET')
      .flatMap((operation) =>
        answersOf(operation)
          .filter((schema) => schema['type'] === 'array' || shape(schema).includes('items'))
          .map((schema) => ({ operation, fields: shape(schema) })),
      );
    expect(lists.length).toBeGreaterThan(15);
    const bare = lists.filter(({ operation: { id, queries }, fields }) => {
      const asks = FILES.has(id) ? [] : ['limit', 'cursor'];
      return (
        !['items', 'next_cursor', 'has_more'].every((field) => fields.includes(field)) ||
        !asks.every((name) => queries.some((query) => query.name === name))
      );
    });
    expect(bare.map(({ operation }) => operation.id)).toEqual([]);
  });

  it('takes regular tokens by items in every request without money that names many objects', () => {
    /** Paths of the arrays that are inside no other array and take more than this many items. */
    const longLists = (schema: Json, path: readonly string[] = []): string[] => {
      const one = resolved(schema);
      const forms = [one['oneOf'], one['anyOf']].flatMap((all) => (Array.isArray(all) ? (all as Json[]) : []));
      const isLong = one['type'] === 'array' && Number(one['maxItems'] ?? Infinity) > FEW_ITEMS;
      return [
        ...(isLong ? [path.join('.')] : []),
        ...forms.flatMap((form) => longLists(form, path)),
        ...Object.entries((one['properties'] ?? {}) as Readonly<Record<string, Json>>).flatMap(([name, field]) =>
          longLists(field, [...path, name]),
        ),
      ];
    };
    const lists = operations
      .filter(({ isMoney, hasDryRun, requestSchema }) => (!isMoney || hasDryRun) && requestSchema !== null)
      .flatMap(({ id, requestSchema, paidList }) =>
        [...new Set(longLists(requestSchema as Json))].map((path) => ({ id, path, paidList })),
      )
      .filter(({ path }) => !SETTINGS.has(path));
    expect(lists.length).toBeGreaterThan(2);
    expect(lists.map(({ id, path, paidList }) => ({ id, path, paidFor: paidList }))).toEqual(
      lists.map(({ id, path }) => ({ id, path, paidFor: { path, itemsPerToken: 10 } })),
    );
  });

  it('has one name for each kind of object, in bodies, queries and answers, and no old names', () => {
    const named = (value: unknown): string[] =>
      typeof value !== 'object' || value === null
        ? []
        : [
            ...Object.entries(value).flatMap(([name, one]) =>
              name === 'properties' ? Object.keys(one as object) : [],
            ),
            ...('in' in value && 'name' in value ? [String(value.name)] : []),
            ...Object.values(value).flatMap(named),
          ];
    const names = new Set([...named(document.paths), ...named(document.components.schemas)]);
    expect(names.size).toBeGreaterThan(150);
    expect(
      ['auth_mode', 'grace_until', 'is_complete', 'items_next_cursor', 'location', 'image'].filter((name) =>
        names.has(name),
      ),
    ).toEqual([]);
  });

  it('has true examples: of this product, of their schema, and of one state', () => {
    const faults = operations.flatMap((operation) =>
      api
        .examples(operation)
        .flatMap(({ of, example, faults: wrong }) =>
          [...wrong, ...untrue(product, example)].map((fault) => `${of} ${fault}`),
        ),
    );
    expect(faults).toEqual([]);
  });
});
