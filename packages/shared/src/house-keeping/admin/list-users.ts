import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { listUsers } from './user-store';
import { userSchema, viewUser } from './user-view';

const BINDING: CursorBinding = { account: null, route: 'list-users', filter: {} };

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
      const request = readPage(query, deps.cursors, BINDING);
      const rows = await listUsers(deps.admin.pool, { limit: request.limit, beforeId: request.after?.[0] ?? null });
      return json(
        200,
        toPage(rows, request, deps.cursors, BINDING, (user) => [user.id], viewUser),
      );
    },
  );
}
