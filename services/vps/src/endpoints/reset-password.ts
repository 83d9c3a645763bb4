import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';

export function resetPassword(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'reset-password',
      method: 'POST',
      path: '/servers/{id}/actions/reset-password',
      summary: 'Reset the root password',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Sets a new root password. The operation shows it once that is completed, for a day or until you ' +
        'have it forgotten.',
      params: serverParams,
      responses: { 202: { description: 'Being set; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId }) => {
      const server = await requireServer(vps, reach, params.id);
      return actionReply(
        await runAction(vps, {
          kind: actions.resetPassword,
          action: 'reset_password',
          server,
          item: {},
          principal,
          requestId,
          password: true,
        }),
      );
    },
  );
}
