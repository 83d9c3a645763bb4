import { z } from 'zod';
import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { consumerName, consumerSchema, forgetConsumer, viewConsumer } from './event-consumers';

export function deleteEventConsumer(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'delete-event-consumer',
      method: 'DELETE',
      path: '/event-consumers/{consumer}',
      summary: 'Remove a consumer of the event feed',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'Forgets the place of a reader. Under the same name it would begin with the oldest event again.',
      params: z.object({ consumer: consumerName }),
      responses: { 200: { description: 'The consumer that was removed.', schema: consumerSchema } },
    }),
    async ({ accountId, params }) => {
      const gone = await forgetConsumer(deps.db.platform, { accountId, product: deps.product }, params.consumer);
      if (gone === null) throw notFound();
      return json(200, viewConsumer(gone));
    },
  );
}
