import { z } from 'zod';
import { defineRoute, invalid, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { CONSUMERS_MAX, acknowledge, consumerName, consumerSchema, viewConsumer } from './event-consumers';

export function acknowledgeEvent(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'acknowledge-event',
      method: 'POST',
      path: '/events/ack',
      summary: 'Acknowledge an event',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'Keeps the place of a reader: `GET /events?consumer=` begins behind the event. The first acknowledgement ' +
        `makes the consumer; an account has at most ${String(CONSUMERS_MAX)}. The place only moves forward: an ` +
        'earlier event changes nothing, and the answer says where the consumer is.',
      body: z.object({
        consumer: consumerName.describe('A name of your own for the reader.'),
        event_id: z.string().max(64).describe('The last event that it has worked on.'),
      }),
      bodyExample: { consumer: 'erp', event_id: 'evt_01k000000000000000000000' },
      responses: { 200: { description: 'Where the consumer is.', schema: consumerSchema } },
    }),
    async ({ accountId, body }) => {
      const found = await acknowledge(
        deps.db.platform,
        { accountId, product: deps.product },
        { name: body.consumer, eventId: body.event_id },
      );
      if (found === 'unknown') throw notFound();
      if (found === 'full')
        throw invalid('consumer', `is one more than ${String(CONSUMERS_MAX)}: remove one with DELETE /event-consumers`);
      return json(200, viewConsumer(found));
    },
  );
}
