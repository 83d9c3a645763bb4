import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { webhookParams } from './params';
import { newSecret } from './secret';
import { requireWebhook, rotateSecret } from './store';
import { SECRET_EXAMPLE, shownSecret, viewWebhook, webhookSchema } from './view';

const OVERLAP_S = 86_400;
const OVERLAP_MAX_S = 604_800;

export function rotateWebhookSecret(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'rotate-webhook-secret',
      method: 'POST',
      path: '/webhooks/{id}/rotate-secret',
      summary: 'Change the secret',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Makes a new secret and shows it. The one before signs too for `overlap_seconds`: until then each request ' +
        'has two signatures.',
      params: webhookParams,
      body: z.object({
        overlap_seconds: z
          .int()
          .min(0)
          .max(OVERLAP_MAX_S)
          .default(OVERLAP_S)
          .describe('How long the secret of before goes on; 0 ends it now.'),
      }),
      bodyExample: { overlap_seconds: OVERLAP_S },
      responses: {
        200: {
          description: 'The endpoint with its new secret.',
          schema: webhookSchema.extend({ secret: shownSecret }),
          exampleWith: { secret: SECRET_EXAMPLE },
        },
      },
    }),
    async ({ reach, params, body }) => {
      const { db, product, clock, config } = deps;
      const row = await requireWebhook(db.platform, { reach, product }, params.id);
      const { secret, sealed } = newSecret(config.SECRET_RING, row.id);
      const oldUntil = body.overlap_seconds === 0 ? null : new Date(clock.nowMs() + body.overlap_seconds * 1_000);
      await rotateSecret(db.platform, row, sealed, oldUntil);
      const now = await requireWebhook(db.platform, { reach, product }, row.id);
      return json(200, { ...viewWebhook(now, clock.now()), secret }, { 'Cache-Control': 'no-store' });
    },
  );
}
