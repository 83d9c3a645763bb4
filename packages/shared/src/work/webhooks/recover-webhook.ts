import { z } from 'zod';
import { defineRoute, invalid } from '../../ground/contract';
import { instantField } from '../../ground/times';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { recover, requireWebhook, switchedOff } from './store';

const FAR_AWAY = '9999-12-31T00:00:00Z';

export function recoverWebhook(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'recover-webhook',
      method: 'POST',
      path: '/webhooks/{id}/recover',
      summary: 'Send what was missed',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sends the events since a time whose deliveries failed or were skipped, and those that happened while the ' +
        'endpoint was switched off. At most 10,000 of each: send it again when there were more.',
      params: webhookParams,
      body: z.object({
        since: instantField.describe('Only events from this time on.'),
        until: instantField.optional().describe('Only events before this time.'),
      }),
      bodyExample: { since: '2026-11-28T12:00:00Z' },
      responses: {
        202: {
          description: 'They are sent now.',
          schema: z.object({ count: z.int().describe('How many deliveries that are.') }),
        },
      },
      errors: ['state_conflict'],
    }),
    async ({ reach, params, body }) => {
      const { platform } = deps.db;
      const row = await requireWebhook(platform, { reach, product: deps.product }, params.id);
      const now = deps.clock.now();
      const [since, until] = [new Date(body.since), new Date(body.until ?? FAR_AWAY)];
      if (until <= since) throw invalid('until', 'must be after `since`');
      const count = await recover(platform, row, { since, until }, now);
      if (count === null) throw switchedOff();
      return json(202, { count });
    },
  );
}
