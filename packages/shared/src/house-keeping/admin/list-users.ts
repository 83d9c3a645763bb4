import { defineRoute, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { pageOfRows } from '../../counter/listing';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { listUsers } from './user-store';
import { userSchema, viewUser } from './user-view';

export function listUsersEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-users',
      method: 'GET',
      path: '/admin/users',
      summary: 'List accounts',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description: 'All accounts, newest first.',
      query: pageQuery,
      responses: { 200: { description: 'A page of accounts.', schema: pageOf(userSchema) } },
    }),
    async ({ query }) => {
      const page = await pageOfRows({
        route: 'list-users',
        reach: { kind: 'all' },
        query,
        cursors: deps.cursors,
        read: ({ limit, after }) => listUsers(deps.admin.pool, { limit, beforeId: after?.[0] ?? null }),
        position: ({ id }) => [id],
        view: viewUser,
      });
      return json(200, page);
    },
  );
}
