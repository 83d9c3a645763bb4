import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { VpsDeps } from '../deps';
import { SSH_KEY_ROUTE, sshKeyParams, sshKeySchema, viewSshKey, requireSshKey } from './ssh-key';

export function getSshKey(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SSH_KEY_ROUTE,
      id: 'get-ssh-key',
      method: 'GET',
      path: '/ssh-keys/{id}',
      summary: 'Get an SSH key',
      description: 'One key.',
      scope: 'read',
      params: sshKeyParams,
      responses: { 200: { description: 'The key.', schema: sshKeySchema } },
    }),
    async ({ reach, params: { id } }) => json(200, viewSshKey(await requireSshKey(vps, reach, id))),
  );
}
