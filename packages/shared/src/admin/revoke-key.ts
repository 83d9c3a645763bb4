import { defineRoute, notFound } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { revokeKey } from '../keys';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { findKey } from './find-key';
import { keyParams, keySchema, viewKey } from './key-view';

export function revokeKeyEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'revoke-key', method: 'POST', path: '/admin/keys/{id}/revoke', summary: 'Revoke a key', tag: ADMIN_TAG, scope: 'admin:*', class: 'guarded', reach: 'none', keepsUserId: true,
      description: 'Ends a key for ever: for money at once, for reads within seconds. Revoking twice does no harm.',
      params: keyParams,
      responses: { 200: { description: 'The key as it is now.', schema: keySchema } },
    }),
    async ({ params }) => {
      await findKey(deps, params.id);
      const revoked = await revokeKey(deps.admin.pool, params.id);
      if (revoked === null) throw notFound();
      return json(200, viewKey(deps.clock)(revoked));
    },
  );
}
