import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { eventTypesOf, productIn, specOf } from '../../ground/events';
import { endpoint, json, type Endpoint } from '../endpoint';
import { pageOfWhole } from '../listing';
import type { AccountDeps } from './deps';

const eventTypeSchema = z
  .object({
    type: z.string().meta({ example: 'order.failed' }),
    product: z.string().nullable().describe('The product in its events. Null: it is about the account itself.'),
    description: z.string().describe('When it is written.'),
    data: z
      .record(z.string(), z.unknown())
      .describe('The JSON Schema of its `data`.')
      .meta({
        example: { type: 'object', properties: { order_id: { type: 'string' } } },
      }),
    example_data: z.record(z.string(), z.unknown()).describe('An example of its `data`.'),
  })
  .meta({ id: 'EventType' });

export function listEventTypes({ cursors, product }: Pick<AccountDeps, 'cursors' | 'product'>): Endpoint {
  const items = eventTypesOf(product).map((type) => {
    const { about, data, example } = specOf(type);
    const { $schema: _dialect, ...schema } = z.toJSONSchema(data);
    return { type, product: productIn(type, product), description: about, data: schema, example_data: example };
  });
  return endpoint(
    defineRoute({
      id: 'list-event-types',
      method: 'GET',
      path: '/event-types',
      summary: 'List all types of events',
      tag: 'Reference',
      scope: 'public',
      class: 'regular',
      reach: 'none',
      description: 'Every type that `GET /events` of this product can show, with its data. Needs no key.',
      query: pageQuery,
      responses: { 200: { description: 'A page of types.', schema: pageOf(eventTypeSchema) } },
    }),
    ({ query }) =>
      json(
        200,
        pageOfWhole(items, {
          route: 'list-event-types',
          query,
          cursors,
          key: ({ type }) => type,
          view: (item) => item,
        }),
        { 'Cache-Control': 'public, max-age=60' },
      ),
  );
}
