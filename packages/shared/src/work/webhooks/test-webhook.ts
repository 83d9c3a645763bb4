import { z } from 'zod';
import { defineRoute, invalid, newId } from '../../ground/contract';
import { eventTypesOf, productIn, specOf, type EventType } from '../../ground/events';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { viewEvent } from '../../counter/account';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { createTest, deliveryIdOf, requireDelivery, requireWebhook, switchedOff } from './store';
import { deliverySchema, viewDelivery } from './view';
import { wants } from './wanted-events';

export function testWebhook(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'test-webhook',
      method: 'POST',
      path: '/webhooks/{id}/test',
      summary: 'Send a test',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sends the example of a type, with `"test": true` in it, to this endpoint alone. Its event is not in the ' +
        'feed. Without `type` it is a type that the endpoint wants.',
      params: webhookParams,
      body: z.object({ type: z.string().max(64).optional().meta({ example: 'deposit.credited' }) }),
      bodyExample: { type: 'deposit.credited' },
      responses: { 202: { description: 'It is sent now.', schema: deliverySchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params, body }) => {
      const { db, product, clock } = deps;
      const row = await requireWebhook(db.platform, { reach, product }, params.id);
      const types = eventTypesOf(product);
      const type = types.find((one) => (body.type === undefined ? wants(row.events, one) : one === body.type));
      if (type === undefined) throw invalid('type', 'must be a type of GET /event-types');
      const eventId = newId('evt', clock.nowMs());
      const test = { eventId, type, body: JSON.stringify(exampleOf(type)) };
      if (!(await createTest(db.platform, row, test, clock.now()))) throw switchedOff();
      return json(202, viewDelivery(await requireDelivery(db.platform, row, deliveryIdOf(eventId))));
      function exampleOf(of: EventType): object {
        const { subject, example } = specOf(of);
        const event = { id: eventId, accountId: row.account_id, product: productIn(of, product), type: of, subject };
        return { ...viewEvent({ ...event, seq: 0n, data: { ...example }, createdAt: clock.now() }), test: true };
      }
    },
  );
}
