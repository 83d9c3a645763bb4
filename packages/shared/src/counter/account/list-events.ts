import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { isoSeconds } from '../../ground/runtime';
import type { AccountDeps } from './deps';
import { listEvents, type FeedEvent } from './event-store';
import { accountOf } from '../listing';

const eventSchema = z
  .object({
    id: z.string().meta({ example: 'evt_01k000000000000000000000' }),
    type: z.string().meta({ example: 'domain.registered' }),
    subject: z.string().describe('What it is about: a domain name, the id of a server or of a deposit.'),
    user_id: z.string(),
    product: z.string(),
    data: z.record(z.string(), z.unknown()),
    created_at: z.string(),
  })
  .meta({ id: 'Event' });

const feedSchema = pageOf(eventSchema).extend({
  resume_cursor: z
    .string()
    .nullable()
    .describe(
      'Where this page ends, given on the last page too: pass it as `cursor` later to read only what ' +
        'happened since. Null while there is no event at all.',
    ),
});

const TYPES_SHAPE = /^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?(,[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?){0,19}$/;

export function listEventsEndpoint(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-events',
      method: 'GET',
      path: '/events',
      summary: 'Read the event feed',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'What happened at this product, oldest first, each event once. Keep `resume_cursor` and nothing is ' +
        'missed. Events are kept for 90 days. For an operator key without `user_id` the feed of all accounts ' +
        'trails by 30 seconds.',
      query: pageQuery.extend({
        types: z
          .string()
          .max(512)
          .regex(TYPES_SHAPE, 'must be up to 20 event types such as domain.*,deposit.credited')
          .optional()
          .describe('Only these types, separated by commas; `domain.*` for all that begin with `domain.`.'),
      }),
      responses: { 200: { description: 'A page of events.', schema: feedSchema } },
    }),
    async ({ reach, query }) => {
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'list-events',
        filter: { types: query.types },
      };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listEvents(deps.db.platform, { reach, product: deps.product }, query.types?.split(',') ?? [], {
        limit: request.limit,
        afterSeq: request.after?.[0] ?? null,
      });
      const page = toPage(rows, request, deps.cursors, binding, positionOf, viewEvent);
      const last = rows.slice(0, request.limit).at(-1);
      return json(200, {
        ...page,
        resume_cursor: last === undefined ? (query.cursor ?? null) : deps.cursors.encode(positionOf(last), binding),
      });
    },
  );
}

function positionOf(event: FeedEvent): string[] {
  return [event.seq.toString()];
}

function viewEvent(event: FeedEvent): z.output<typeof eventSchema> {
  return {
    id: event.id,
    type: event.type,
    subject: event.subject,
    user_id: event.accountId,
    product: event.product,
    data: { ...event.data },
    created_at: isoSeconds(event.createdAt),
  };
}
