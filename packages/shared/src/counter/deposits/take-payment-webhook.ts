import { z } from 'zod';
import { AppError, defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { forgedWebhook, takeWebhook } from './deposits';
import type { DepositDeps } from './reconcile';

export function takePaymentWebhook(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'take-payment-webhook',
      method: 'POST',
      path: '/hooks/payments/{provider}',
      summary: 'Take a payment webhook',
      tag: 'Callbacks',
      scope: 'public',
      class: 'regular',
      reach: 'none',
      description:
        "For payment providers only. The provider's signature over the exact bytes is the credential; the invoice " +
        'is read again at the provider before anything is credited.',
      rawBody: true,
      params: z.object({ provider: z.string().max(32).describe('The name of the provider.') }),
      responses: { 200: { description: 'Taken.', schema: z.object({ ok: z.literal(true) }) } },
      errors: ['invalid_signature'],
    }),
    async ({ params, rawBody, headers }) => {
      const provider = deps.providers.find(params.provider);
      if (provider === null) throw notFound();
      const outcome = await takeWebhook(deps, provider, rawBody, headers);
      if (outcome === 'forged') throw forgedWebhook();
      if (outcome === 'later') throw new AppError('service_unavailable', undefined, { retryAfterS: 10 });
      return json(200, { ok: true });
    },
  );
}
