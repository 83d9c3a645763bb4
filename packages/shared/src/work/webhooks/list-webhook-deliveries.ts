import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { bySeq, pageOfRows } from '../../counter/listing';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { listDeliveries, requireWebhook } from './store';
import { DELIVERY_STATES, deliverySchema, viewDelivery } from './view';

export function listWebhookDeliveries(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-webhook-deliveries',
      method: 'GET',
      path: '/webhooks/{id}/deliveries',
      summary: 'List deliveries',
      tag: WEBHOOK_TAG.name,
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'What was sent to this endpoint, is being sent or was skipped, newest first. Kept for 90 days.',
      params: webhookParams,
      query: pageQuery.extend({
        state: z.enum(DELIVERY_STATES).optional().describe('Only those in this state.'),
        event_id: z.string().max(64).optional().describe('Only those of this event.'),
        type: z.string().max(64).optional().describe('Only those of this type.'),
      }),
      responses: { 200: { description: 'A page of deliveries.', schema: pageOf(deliverySchema) } },
    }),
    async ({ reach, params, query }) => {
      const row = await requireWebhook(deps.db.platform, { reach, product: deps.product }, params.id);
      const page = await pageOfRows({
        route: 'list-webhook-deliveries',
        reach,
        query,
        cursors: deps.cursors,
        of: row.id,
        read: (at) => listDeliveries(deps.db.platform, row, query, at),
        position: bySeq,
        view: viewDelivery,
      });
      return json(200, page);
    },
  );
}
