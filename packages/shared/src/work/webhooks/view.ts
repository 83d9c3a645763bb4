// Endpoints and deliveries as the API shows them. No secret is in a view.
import { z } from 'zod';
import { isoSeconds } from '../../ground/runtime';
import type { AttemptRow, DeliveryRow, WebhookRow } from './store';

export const WEBHOOK_EXAMPLE = 'whk_01k000000000000000000000';
const DELIVERY_EXAMPLE = 'dlv_01k000000000000000000000';

const iso = (at: Date | null): string | null => (at === null ? null : isoSeconds(at));

export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'skipped'] as const;

export const webhookSchema = z
  .object({
    id: z.string().meta({ example: WEBHOOK_EXAMPLE }),
    user_id: z.string(),
    url: z.string().describe('Where events are sent.').meta({ example: 'https://shop.example.com/lumi' }),
    events: z
      .array(z.string())
      .describe('What is sent to it.')
      .meta({ example: ['order.*', 'deposit.credited'] }),
    description: z.string().nullable(),
    enabled: z.boolean().describe('Whether events are sent to it.'),
    disabled_at: z.string().nullable().describe('When it was switched off; null while it is on.'),
    disabled_reason: z
      .enum(['requested', 'gone', 'failing'])
      .nullable()
      .describe('`requested` by you, `gone` (it answered 410), `failing` (every attempt of five days failed).'),
    failing_since: z.string().nullable().describe('Since when every attempt failed; null when the last succeeded.'),
    old_secret_until: z.string().nullable().describe('Until when the secret before a rotation signs too.'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Webhook' });

export const SECRET_EXAMPLE = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
export const shownSecret = z
  .string()
  .describe('Verifies what is sent. It is shown here and never again.')
  .meta({ example: SECRET_EXAMPLE });

export function viewWebhook(row: WebhookRow, now: Date): z.output<typeof webhookSchema> {
  const until = row.old_secret_until;
  return {
    id: row.id,
    user_id: row.account_id,
    url: row.url,
    events: row.events,
    description: row.description,
    enabled: row.enabled,
    disabled_at: iso(row.disabled_at),
    disabled_reason: row.disabled_reason as z.output<typeof webhookSchema>['disabled_reason'], // the table checks it
    failing_since: iso(row.failing_since),
    old_secret_until: until !== null && until > now ? iso(until) : null,
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
  };
}

export const deliverySchema = z
  .object({
    id: z.string().meta({ example: DELIVERY_EXAMPLE }),
    webhook_id: z.string().describe('The webhook that it belongs to.').meta({ example: WEBHOOK_EXAMPLE }),
    event_id: z
      .string()
      .describe('The header `webhook-id`, the same at every attempt.')
      .meta({ example: 'evt_01k000000000000000000000' }),
    type: z.string().meta({ example: 'order.failed' }),
    test: z.boolean().describe('It is a test; its event is not in the feed.'),
    state: z
      .enum(DELIVERY_STATES)
      .describe('`skipped`: the endpoint was switched off before it was sent. `failed`: no attempt is left.'),
    attempt_count: z.int().describe('Attempts that have begun.'),
    next_attempt_at: z.string().nullable().describe('When the next attempt is due; null when there is none.'),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

export function viewDelivery(row: DeliveryRow): z.output<typeof deliverySchema> {
  return {
    id: row.id,
    webhook_id: row.webhook_id,
    event_id: row.event_id,
    type: row.type,
    test: row.test_body !== null,
    state: row.state as z.output<typeof deliverySchema>['state'], // the table checks it
    attempt_count: row.attempt_count,
    next_attempt_at: iso(row.next_attempt_at),
    created_at: isoSeconds(row.created_at),
    finished_at: iso(row.ended_at),
  };
}

const attemptSchema = z.object({
  at: z.string().describe('When it began.'),
  ms: z.int().describe('How long it took, in milliseconds.'),
  status: z.int().nullable().describe('The HTTP status of the answer; null when there was none.'),
  error: z
    .string()
    .nullable()
    .describe(
      'Why it failed: `http_status`, `redirect`, `timeout`, `connect_failed`, `address_not_allowed` and others.',
    ),
  answer: z.string().nullable().describe('The first 4 KiB of the answer.'),
});

export const deliveryDetailSchema = deliverySchema
  .extend({
    body: z.string().nullable().describe('The exact bytes that are sent; null when the event is no longer kept.'),
    attempts: z.array(attemptSchema).describe('The last 50 attempts, oldest first.'),
  })
  .meta({ id: 'WebhookDeliveryDetail' });

export function viewAttempt(row: AttemptRow): z.output<typeof attemptSchema> {
  return { at: isoSeconds(row.at), ms: row.ms, status: row.status, error: row.error, answer: row.answer };
}
