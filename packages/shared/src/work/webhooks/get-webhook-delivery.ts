import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { eventBodies } from '../../counter/account';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { deliveryParams } from './params';
import { requireDelivery, requireWebhook } from './store';
import { deliveryDetailSchema, viewAttempt, viewDelivery } from './view';

export function getWebhookDelivery(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-webhook-delivery',
      method: 'GET',
      path: '/webhooks/{id}/deliveries/{delivery_id}',
      summary: 'Get a delivery',
      tag: WEBHOOK_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One delivery with the bytes that are sent and its attempts.',
      params: deliveryParams,
      responses: { 200: { description: 'The delivery.', schema: deliveryDetailSchema } },
    }),
    async ({ reach, params }) => {
      const { platform } = deps.db;
      const webhook = await requireWebhook(platform, { reach, product: deps.product }, params.id);
      const row = await requireDelivery(platform, webhook, params.delivery_id);
      const body = row.test_body ?? (await eventBodies(platform, [row.event_id])).get(row.event_id) ?? null;
      return json(200, { ...viewDelivery(row), body, attempts: row.attempts.map(viewAttempt) });
    },
  );
}
