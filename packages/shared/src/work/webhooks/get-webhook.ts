import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { requireWebhook } from './store';
import { viewWebhook, webhookSchema } from './view';

export function getWebhook(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-webhook',
      method: 'GET',
      path: '/webhooks/{id}',
      summary: 'Get an endpoint',
      tag: WEBHOOK_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One endpoint, and whether it is switched on. Its secret is not shown.',
      params: webhookParams,
      responses: { 200: { description: 'The endpoint.', schema: webhookSchema } },
    }),
    async ({ reach, params }) => {
      const row = await requireWebhook(deps.db.platform, { reach, product: deps.product }, params.id);
      return json(200, viewWebhook(row, deps.clock.now()));
    },
  );
}
