import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { pageOfWhole } from '../listing';
import type { AccountDeps } from './deps';
import { consumerSchema, listConsumers, viewConsumer } from './event-consumers';

export function listEventConsumers(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-event-consumers',
      method: 'GET',
      path: '/event-consumers',
      summary: 'List the consumers of the event feed',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'All readers of this feed that have acknowledged an event, and where they are.',
      query: pageQuery,
      responses: { 200: { description: 'A page of consumers, by name.', schema: pageOf(consumerSchema) } },
    }),
    async ({ accountId, query }) =>
      json(
        200,
        pageOfWhole(await listConsumers(deps.db.platform, { accountId, product: deps.product }), {
          route: 'list-event-consumers',
          query,
          cursors: deps.cursors,
          account: accountId,
          key: ({ name }) => name,
          view: viewConsumer,
        }),
      ),
  );
}
