import { z } from 'zod';
import { defineRoute, invalid, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { elapsedMs } from '../../ground/runtime';
import { eventTypesLike } from '../../ground/events';
import { endpoint, json, type Endpoint, type Reach } from '../endpoint';
import { instantQuery } from '../../ground/times';
import type { AccountDeps } from './deps';
import { consumerName, forgottenBehind, positionOf } from './event-consumers';
import { listEvents, type FeedEvent, type FeedFilter } from './event-store';
import { eventSchema, viewEvent } from './event-view';
import { EventWatch } from './event-watch';
import { accountOf, instantOf } from '../listing';

const feedSchema = pageOf(eventSchema).extend({
  resume_cursor: z
    .string()
    .nullable()
    .describe(
      'Where this page ends, given on the last page too: pass it as `cursor` later to read only what ' +
        'happened since. Null while there is no event at all.',
    ),
  gap: z
    .boolean()
    .describe('True: events behind the cursor or the consumer are no longer kept, and this page begins behind them.'),
});

const TYPES_SHAPE = /^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?(,[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?){0,19}$/;

export function listEventsEndpoint(deps: AccountDeps): Endpoint {
  const watch = new EventWatch(deps.db.platform, deps.product, deps.log, deps.readiness);
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
        'What happened at this product and to the account itself, oldest first, each event once. Keep ' +
        '`resume_cursor` and nothing is missed. With `wait` the answer is held back until there is an event or the ' +
        'time is over; at most 10 requests of a key wait at a time, and further ones are answered at once. Events ' +
        'are kept for 90 days. For an operator key without `user_id` the feed of all accounts trails by 30 seconds.',
      query: pageQuery.extend({
        types: z
          .string()
          .max(512)
          .regex(TYPES_SHAPE, 'must be up to 20 event types such as domain.*,deposit.credited')
          .optional()
          .describe('Only these types, separated by commas; `domain.*` for all that begin with `domain.`.'),
        consumer: consumerName
          .optional()
          .describe(
            'Begin behind what this consumer has acknowledged (`POST /events/ack`). A `cursor` goes before it.',
          ),
        subject: z.string().min(1).max(255).optional().describe('Only what is about this object.'),
        since: instantQuery.describe('Only what happened at or after this.'),
        wait: z
          .string()
          .regex(/^(\d|[12]\d|30)$/, 'must be a whole number from 0 to 30')
          .optional()
          .describe('Seconds to wait for an event when there is none yet, 0 to 30.'),
      }),
      responses: { 200: { description: 'A page of events.', schema: feedSchema } },
    }),
    async ({ reach, query, principal, gone }) => {
      const { types, subject, since } = query;
      const patterns = types?.split(',') ?? [];
      const unknown = patterns.find((pattern) => eventTypesLike(pattern, deps.product).length === 0);
      if (unknown !== undefined)
        throw invalid('types', `has ${unknown}, which this feed never has: see GET /event-types`);
      const binding: CursorBinding = {
        account: accountOf(reach),
        route: 'list-events',
        filter: { types, subject, since },
      };
      const request = readPage(query, deps.cursors, binding);
      const filter: FeedFilter = {
        patterns,
        subject: subject ?? null,
        since: instantOf(since),
      };
      const whose = { reach, product: deps.product };
      const afterSeq = request.after?.[0] ?? (await acknowledged(deps, reach, query.consumer));
      const find = () => listEvents(deps.db.platform, whose, filter, { limit: request.limit, afterSeq });
      const waitMs = Number.parseInt(query.wait ?? '0', 10) * 1_000;
      if (waitMs > 0 && reach.kind !== 'account') throw invalid('wait', 'needs `user_id` with an operator key');
      const untilMs = elapsedMs() + waitMs;
      let rows = await find();
      let seen = BigInt(afterSeq ?? 0);
      while (rows.length === 0 && waitMs > 0 && reach.kind === 'account') {
        const leftMs = untilMs - elapsedMs();
        const { accountId } = reach;
        const seq = await watch.newer({ accountId, keyId: principal.keyId, afterSeq: seen, waitMs: leftMs, gone });
        if (seq === null) break;
        seen = seq;
        rows = await find();
      }
      // After the read: what is deleted between the two is a gap too many and never one too few.
      const goneSeq = afterSeq === null ? null : await forgottenBehind(deps.db.platform, whose, afterSeq);
      const page = toPage(rows, request, deps.cursors, binding, placeOf, viewEvent);
      // Behind what is gone, so that one gap is not reported for ever.
      const end = rows.slice(0, request.limit).at(-1)?.seq.toString() ?? goneSeq ?? afterSeq;
      return json(200, {
        ...page,
        resume_cursor: end === null ? null : deps.cursors.encode([end], binding),
        gap: goneSeq !== null,
      });
    },
  );
}

async function acknowledged(deps: AccountDeps, reach: Reach, consumer: string | undefined): Promise<string | null> {
  if (consumer === undefined) return null;
  if (reach.kind !== 'account') throw invalid('consumer', 'needs `user_id` with an operator key');
  return positionOf(deps.db.platform, { accountId: reach.accountId, product: deps.product }, consumer);
}

function placeOf(event: FeedEvent): string[] {
  return [event.seq.toString()];
}
