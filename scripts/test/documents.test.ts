// What all three OpenAPI documents promise together, read from the documents alone: a new operation is in it by itself.
import { PRODUCTS } from '@lumi/shared/contract';
import { DocumentedApi, type Operation } from './contract/documented-api';
import { documentOf } from './documents';

type Json = Readonly<Record<string, unknown>>;

describe.each(PRODUCTS)('the document of %s', (product) => {
  const document = documentOf(product);
  const api = new DocumentedApi(document);
  const operations = [...api.operations.values()];
  const resolved = (schema: unknown): Json => {
    const { $ref } = schema as { $ref?: string };
    return $ref === undefined ? schema as Json : document.components.schemas[$ref.split('/').at(-1) ?? ''] as Json;
  };
  const answersOf = (operation: Operation): Json[] => Object.entries(operation.responses).flatMap(([status, { content }]) => {
    const schema = content?.['application/json']?.schema;
    return status >= '400' || schema === undefined ? [] : [resolved(schema)];
  });

  it('has one shape of lists: whatever a GET answers as `items` is paged', () => {
    const shape = (schema: Json): string[] => Object.keys((schema['properties'] ?? {}) as Json);
    const lists = operations.filter(({ method }) => method === 'GET').flatMap((operation) => answersOf(operation).filter((schema) => schema['type'] === 'array' || shape(schema).includes('items')).map((schema) => ({ operation, fields: shape(schema) })));
    expect(lists.length).toBeGreaterThan(15);
    const bare = lists.filter(({ operation: { id, queries }, fields }) => {
      const asks = id === 'export-proxies' ? [] : ['limit', 'cursor']; // a file is whole
      return !['items', 'next_cursor', 'has_more'].every((field) => fields.includes(field)) || !asks.every((name) => queries.some((query) => query.name === name));
    });
    expect(bare.map(({ operation }) => operation.id)).toEqual([]);
  });
});
