import { z } from 'zod';
import { defineRoute, invalid, optionalLineField } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { changeWebhook, requireWebhook } from './store';
import { urlField } from './url-field';
import { viewWebhook, webhookSchema } from './view';
import { checkWanted, wantedField } from './wanted-events';

export function updateWebhook(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-webhook',
      method: 'PATCH',
      path: '/webhooks/{id}',
      summary: 'Change an endpoint',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Changes only what is named. With `enabled: false` nothing more is sent, and what is pending is skipped. ' +
        'With `enabled: true` it goes on with the next event; `POST /webhooks/{id}/recover` sends what was missed.',
      params: webhookParams,
      body: z.object({
        url: urlField.optional(),
        events: wantedField.optional(),
        description: optionalLineField(200).optional(),
        enabled: z.boolean().optional(),
      }),
      bodyExample: { enabled: true },
      responses: { 200: { description: 'The endpoint as it is now.', schema: webhookSchema } },
    }),
    async ({ reach, params, body }) => {
      const { db, product, clock } = deps;
      const row = await requireWebhook(db.platform, { reach, product }, params.id);
      const events = body.events === undefined ? undefined : checkWanted(product, body.events);
      const url = body.url === undefined ? undefined : await deps.outbound.read(body.url);
      if (url?.reason !== undefined) throw invalid('url', url.reason);
      const { description, enabled } = body;
      await changeWebhook(db, row, { url: url?.value, events, description, enabled }, clock.now());
      return json(200, viewWebhook(await requireWebhook(db.platform, { reach, product }, row.id), clock.now()));
    },
  );
}
