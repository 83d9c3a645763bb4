import { z } from 'zod';
import { defineRoute } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { createAccount, userName } from './user-store';

export function createUser(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-user', method: 'POST', path: '/admin/users', summary: 'Create an account', tag: ADMIN_TAG, scope: 'admin:*', class: 'guarded', reach: 'none', keepsUserId: true,
      description: 'An account with an empty balance, good for all products. It gets its access with `POST /admin/keys`.',
      body: z.object({ name: userName }), bodyExample: { name: 'Example Ltd' },
      responses: { 201: { description: 'Created.', schema: z.object({ user_id: z.string() }) } },
    }),
    async ({ body }) => json(201, { user_id: await createAccount(deps.admin.pool, deps.clock, body.name) }),
  );
}
