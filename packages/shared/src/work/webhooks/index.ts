export { WEBHOOK_TAG, type WebhookDeps } from './deps';
export { webhookEndpoints } from './endpoints';
export { webhookLoops } from './loops';
