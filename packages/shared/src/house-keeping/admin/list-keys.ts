import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { pageOfRows } from '../../counter/listing';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { listKeys } from './key-list';
import { keySchema, viewKey } from './key-view';

export function listKeysEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-keys',
      method: 'GET',
      path: '/admin/keys',
      summary: 'List keys',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description: 'Keys of this product, newest first, revoked ones included.',
      query: pageQuery.extend({
        user_id: z.string().min(1).max(64).optional().describe('Only keys of this account.'),
        type: z.enum(['reseller', 'operator']).optional().describe('Only keys of this type.'),
      }),
      responses: { 200: { description: 'A page of keys.', schema: pageOf(keySchema) } },
    }),
    async ({ query }) => {
      const { user_id: userId, type } = query;
      const page = await pageOfRows({
        route: 'list-keys',
        reach: { kind: 'all' },
        query,
        cursors: deps.cursors,
        read: ({ limit, after }) =>
          listKeys(deps.admin.pool, { product: deps.product, userId, type }, { limit, beforeId: after?.[0] ?? null }),
        position: ({ id }) => [id],
        view: viewKey(deps.clock),
      });
      return json(200, page);
    },
  );
}
