import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { findUser } from './user-store';
import { userParams, userSchema, viewUser } from './user-view';

export function getUser(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-user',
      method: 'GET',
      path: '/admin/users/{user_id}',
      summary: 'Get an account',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description: 'One account with its balance.',
      params: userParams,
      responses: { 200: { description: 'The account.', schema: userSchema } },
    }),
    async ({ params }) => {
      const user = await findUser(deps.admin.pool, params.user_id);
      if (user === null) throw notFound();
      return json(200, viewUser(user));
    },
  );
}
