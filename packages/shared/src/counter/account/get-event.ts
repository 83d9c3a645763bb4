import { z } from 'zod';
import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { findEvent } from './event-store';
import { eventSchema, viewEvent } from './event-view';

export function getEvent(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-event',
      method: 'GET',
      path: '/events/{id}',
      summary: 'Get an event',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'One event of the feed, by its id.',
      params: z.object({ id: z.string().max(64).meta({ example: 'evt_01k000000000000000000000' }) }),
      responses: { 200: { description: 'The event.', schema: eventSchema } },
    }),
    async ({ reach, params }) => {
      const event = await findEvent(deps.db.platform, { reach, product: deps.product }, params.id);
      if (event === null) throw notFound();
      return json(200, viewEvent(event));
    },
  );
}
