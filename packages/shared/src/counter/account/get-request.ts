import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { AccountDeps } from './deps';
import { findRequestFate, requestFateSchema } from './request-fate';

export function getRequest(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-request',
      method: 'GET',
      path: '/requests/{idempotency_key}',
      summary: 'Look up a request',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'What became of a money request, without sending it again. Keys of other accounts and keys never ' +
        'used look alike: `none`. Percent-encode every character of the key that is no letter, digit or one ' +
        'of `-._~`: `orders/2026/1` is `/requests/orders%2F2026%2F1`. Where something between you and this ' +
        'API rewrites encoded paths, use `GET /requests?idempotency_key=`.',
      anyText: ['idempotency_key'],
      params: z.object({ idempotency_key: z.string().describe('The Idempotency-Key of the request.') }),
      responses: { 200: { description: 'What became of it.', schema: requestFateSchema } },
    }),
    async ({ principal, params }) =>
      json(200, await findRequestFate(deps.db.platform, principal, params.idempotency_key)),
  );
}
