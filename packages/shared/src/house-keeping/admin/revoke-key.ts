import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { revokeKey } from '../../base/keys';
import { administer } from './administer';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { findKey } from './find-key';
import { keyAct, keyParams, keySchema, viewKey } from './key-view';

export function revokeKeyEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'revoke-key',
      method: 'POST',
      path: '/admin/keys/{id}/revoke',
      summary: 'Revoke a key',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'guarded',
      reach: 'none',
      keepsUserId: true,
      description: 'Ends a key for ever: for money at once, for reads within seconds. Revoking twice does no harm.',
      params: keyParams,
      responses: { 200: { description: 'The key as it is now.', schema: keySchema } },
    }),
    async (context) => {
      const { id } = context.params;
      return administer(deps, context, id, async (_tx, db) => {
        const before = await findKey(deps, db, id);
        const revoked = await revokeKey(db, id, context.principal.keyId);
        if (revoked === null) throw notFound();
        return {
          status: 200,
          body: viewKey(deps.clock)(revoked),
          act: keyAct(deps.clock, 'key.revoke', before, revoked),
        };
      });
    },
  );
}
