import { z } from 'zod';
import { AppError, BASE_PATHS, defineRoute, invalid, newId, optionalLineField } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { WEBHOOK_TAG, type WebhookDeps } from './deps';
import { newSecret } from './secret';
import { WEBHOOKS_MAX, createWebhook, requireWebhook } from './store';
import { urlField } from './url-field';
import { SECRET_EXAMPLE, shownSecret, viewWebhook, webhookSchema } from './view';
import { checkWanted, wantedField } from './wanted-events';

export function createWebhookEndpoint(deps: WebhookDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-webhook',
      method: 'POST',
      path: '/webhooks',
      summary: 'Create an endpoint',
      tag: WEBHOOK_TAG.name,
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sends every further event that it wants to `url`, signed by Standard Webhooks, at least once. The answer ' +
        'shows the secret; it is shown again by no other request. At most ' +
        `${String(WEBHOOKS_MAX)} endpoints of an account.`,
      body: z.object({
        url: urlField,
        events: wantedField,
        description: optionalLineField(200).optional(),
      }),
      bodyExample: { url: 'https://shop.example.com/lumi', events: ['order.*', 'deposit.credited'] },
      responses: {
        201: {
          description: 'Created.',
          schema: webhookSchema.extend({ secret: shownSecret }),
          exampleWith: { secret: SECRET_EXAMPLE },
        },
      },
    }),
    async ({ accountId, body }) => {
      const { db, product, config, clock } = deps;
      const events = checkWanted(product, body.events);
      const url = await deps.outbound.read(body.url);
      if (url.reason !== undefined) throw invalid('url', url.reason);
      const id = newId('whk', clock.nowMs());
      const { secret, sealed } = newSecret(config.SECRET_RING, id);
      const made = { id, product, accountId, url: url.value, events, description: body.description ?? null, sealed };
      if (!(await createWebhook(db, made)))
        throw new AppError(
          'validation_error',
          `An account has at most ${String(WEBHOOKS_MAX)} endpoints of a product.`,
          {
            details: [{ path: 'url', message: 'is one endpoint too many; delete another one first' }],
          },
        );
      const row = await requireWebhook(db.platform, { reach: { kind: 'account', accountId }, product }, id);
      return json(
        201,
        { ...viewWebhook(row, clock.now()), secret },
        { Location: `${BASE_PATHS[product]}/webhooks/${id}`, 'Cache-Control': 'no-store' },
      );
    },
  );
}
