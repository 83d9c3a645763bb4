import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { findKey } from './find-key';
import { keyParams, keySchema, viewKey } from './key-view';

export function getKey(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-key',
      method: 'GET',
      path: '/admin/keys/{id}',
      summary: 'Get a key',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description: 'One key of this product, without anything secret.',
      params: keyParams,
      responses: { 200: { description: 'The key.', schema: keySchema } },
    }),
    async ({ params }) => json(200, viewKey(deps.clock)(await findKey(deps, deps.admin.pool, params.id))),
  );
}
