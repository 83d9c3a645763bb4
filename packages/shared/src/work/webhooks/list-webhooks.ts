import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { bySeq, pageOfRows } from '../../counter/listing';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { listWebhooks } from './store';
import { viewWebhook, webhookSchema } from './view';

export function listWebhooksEndpoint(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-webhooks',
      method: 'GET',
      path: '/webhooks',
      summary: 'List endpoints',
      tag: WEBHOOK_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'Where events of this product and of the account are sent, newest first.',
      query: pageQuery,
      responses: { 200: { description: 'A page of endpoints.', schema: pageOf(webhookSchema) } },
    }),
    async ({ reach, query }) =>
      json(
        200,
        await pageOfRows({
          route: 'list-webhooks',
          reach,
          query,
          cursors: deps.cursors,
          read: (page) => listWebhooks(deps.db.platform, { reach, product: deps.product }, page),
          position: bySeq,
          view: (row) => viewWebhook(row, deps.clock.now()),
        }),
      ),
  );
}
