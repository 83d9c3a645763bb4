import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { deleteSshKey } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';
import { SSH_KEY_ROUTE, sshKeyParams, sshKeySchema, requireSshKey, viewSshKey } from './ssh-key';

export function deleteSshKeyEndpoint(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SSH_KEY_ROUTE,
      id: 'delete-ssh-key',
      method: 'DELETE',
      path: '/ssh-keys/{id}',
      summary: 'Delete an SSH key',
      description: 'Servers that have it keep it.',
      scope: 'write',
      params: sshKeyParams,
      responses: { 200: { description: 'The key that was deleted.', schema: sshKeySchema } },
    }),
    async ({ reach, params: { id } }) => {
      const key = await requireSshKey(vps, reach, id);
      await deleteSshKey(vps.db, id);
      return json(200, viewSshKey(key));
    },
  );
}
