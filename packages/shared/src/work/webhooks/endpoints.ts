// The routes of webhooks, which every product base has.
import type { Endpoint } from '../../counter/endpoint';
import { createWebhookEndpoint } from './create-webhook';
import { deleteWebhookEndpoint } from './delete-webhook';
import type { WebhookDeps } from './deps';
import { getWebhook } from './get-webhook';
import { getWebhookDelivery } from './get-webhook-delivery';
import { listWebhookDeliveries } from './list-webhook-deliveries';
import { listWebhooksEndpoint } from './list-webhooks';
import { recoverWebhook } from './recover-webhook';
import { redeliverWebhook } from './redeliver-webhook';
import { rotateWebhookSecret } from './rotate-webhook-secret';
import { testWebhook } from './test-webhook';
import { updateWebhook } from './update-webhook';

export function webhookEndpoints(deps: WebhookDeps): readonly Endpoint[] {
  return [
    listWebhooksEndpoint(deps),
    createWebhookEndpoint(deps),
    getWebhook(deps),
    updateWebhook(deps),
    deleteWebhookEndpoint(deps),
    testWebhook(deps),
    rotateWebhookSecret(deps),
    listWebhookDeliveries(deps),
    getWebhookDelivery(deps),
    redeliverWebhook(deps),
    recoverWebhook(deps),
  ];
}
