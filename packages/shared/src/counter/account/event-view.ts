// An event as the API shows it.
import { z } from 'zod';
import { isEventType, specOf } from '../../ground/events';
import { isoSeconds } from '../../ground/runtime';
import type { FeedEvent } from './event-store';

export const eventSchema = z
  .object({
    id: z.string().meta({ example: 'evt_01k000000000000000000000' }),
    type: z.string().meta({ example: 'domain.registered' }),
    timestamp: z.string().describe('When it happened.').meta({ example: '2026-11-28T12:00:00Z' }),
    subject: z.string().describe('What it is about: a domain name, the id of a server or of a deposit.'),
    user_id: z.string(),
    product: z.string().nullable().describe('Null: it is about the account itself.').meta({ example: 'domains' }),
    data: z.record(z.string(), z.unknown()),
    created_at: z.string().describe('The same as `timestamp`.'),
  })
  .meta({ id: 'Event' });

export function viewEvent(event: FeedEvent): z.output<typeof eventSchema> {
  const at = isoSeconds(event.createdAt);
  return {
    id: event.id,
    type: event.type,
    timestamp: at,
    subject: event.subject,
    user_id: event.accountId,
    // Null for those, too, that were written before their column was.
    product: isEventType(event.type) && specOf(event.type).of === 'account' ? null : event.product,
    data: { ...event.data },
    created_at: at,
  };
}
