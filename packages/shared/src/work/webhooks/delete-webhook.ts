import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { deleteWebhook, requireWebhook } from './store';

export function deleteWebhookEndpoint(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'delete-webhook',
      method: 'DELETE',
      path: '/webhooks/{id}',
      summary: 'Delete an endpoint',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description: 'Ends it at once, with its secret and its deliveries.',
      params: webhookParams,
      responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
    }),
    async ({ reach, params }) => {
      const row = await requireWebhook(deps.db.platform, { reach, product: deps.product }, params.id);
      await deleteWebhook(deps.db.platform, row, deps.clock.now());
      return json(200, { id: row.id, deleted: true });
    },
  );
}
