import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { renameSshKey } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';
import { SSH_KEY_ROUTE, sshKeyParams, sshKeyNameField, sshKeySchema, requireSshKey, viewSshKey } from './ssh-key';

export function updateSshKey(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SSH_KEY_ROUTE,
      id: 'update-ssh-key',
      method: 'PATCH',
      path: '/ssh-keys/{id}',
      summary: 'Rename an SSH key',
      description: 'The key itself does not change: add another one instead.',
      scope: 'write',
      params: sshKeyParams,
      body: z.object({ name: sshKeyNameField }),
      bodyExample: { name: 'old laptop' },
      responses: { 200: { description: 'The key as it is now.', schema: sshKeySchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      await requireSshKey(vps, reach, id);
      await renameSshKey(vps.db, id, body.name);
      return json(200, viewSshKey(await requireSshKey(vps, reach, id)));
    },
  );
}
