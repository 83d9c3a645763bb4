// The dependencies of webhooks.
import type { Outbound } from '../../base/egress';
import type { Service } from '../../house-keeping/process';

export type WebhookDeps = Pick<Service, 'product' | 'config' | 'db' | 'clock' | 'log' | 'cursors'> & {
  readonly outbound: Outbound;
};

export const WEBHOOK_TAG = {
  name: 'Webhooks',
  description: 'Events sent to a URL of yours, signed by Standard Webhooks.',
} as const;
