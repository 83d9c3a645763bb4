import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { findRequestFate, requestFateSchema } from './request-fate';

export function findRequest(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'find-request',
      method: 'GET',
      path: '/requests',
      summary: 'Look up a request by query',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'The same as `GET /requests/{idempotency_key}`, for clients and proxies that cannot leave an ' +
        'encoded path as it is.',
      query: z.object({ idempotency_key: z.string().min(1).max(200).describe('The Idempotency-Key of the request.') }),
      responses: { 200: { description: 'What became of it.', schema: requestFateSchema } },
    }),
    async ({ principal, query }) =>
      json(200, await findRequestFate(deps.db.platform, principal, unspaced(query.idempotency_key))),
  );
}

/** No key contains a space. A space here was a `+` that should have been sent as `%2B`. */
function unspaced(key: string): string {
  return key.replaceAll(' ', '+');
}
