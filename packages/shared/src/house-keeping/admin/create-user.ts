import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { administer } from './administer';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { createAccount, userName } from './user-store';

export function createUser(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-user',
      method: 'POST',
      path: '/admin/users',
      summary: 'Create an account',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'guarded',
      reach: 'none',
      keepsUserId: true,
      description:
        'An account with an empty balance, good for all products. It gets its access with `POST /admin/keys`.',
      body: z.object({ name: userName }),
      bodyExample: { name: 'Example Ltd' },
      responses: { 201: { description: 'Created.', schema: z.object({ user_id: z.string() }) } },
    }),
    async (context) =>
      administer(deps, context, 'account', async (_tx, db) => {
        const { name } = context.body;
        const userId = await createAccount(db, deps.clock, name);
        return {
          status: 201,
          body: { user_id: userId },
          act: { action: 'user.create', subject: userId, accountId: userId, before: null, after: { name } },
        };
      }),
  );
}
