import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { deliveryParams } from './params';
import { redeliver, requireDelivery, requireWebhook } from './store';
import { deliverySchema, viewDelivery } from './view';

export function redeliverWebhook(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'redeliver-webhook',
      method: 'POST',
      path: '/webhooks/{id}/deliveries/{delivery_id}/redeliver',
      summary: 'Send a delivery again',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sends it now, whatever its state, with the same `webhook-id` and the same bytes, and with all ' +
        'attempts of a new delivery.',
      params: deliveryParams,
      responses: { 202: { description: 'It is sent now.', schema: deliverySchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params }) => {
      const { platform } = deps.db;
      const row = await requireWebhook(platform, { reach, product: deps.product }, params.id);
      await redeliver(platform, row, params.delivery_id, deps.clock.now());
      return json(202, viewDelivery(await requireDelivery(platform, row, params.delivery_id)));
    },
  );
}
