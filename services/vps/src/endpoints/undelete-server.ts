import { defineRoute, AppError } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, UndeleteItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { refusalOf } from '../servers/server-rules';
import { serverSchema, viewServer } from '../servers/server-view';
import { takeBackDeletion } from '../store/server-changes';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';

export function undeleteServer(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'undelete-server',
      method: 'POST',
      path: '/servers/{id}/undelete',
      summary: 'Bring a deleted server back',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Takes back a deletion, with all data, until `terminates_at`; or one that is planned for the end of ' +
        'the period.',
      params: serverParams,
      responses: {
        200: { description: 'The planned deletion is taken back.', schema: serverSchema },
        202: { description: 'Being brought back; poll the operation.', schema: operationAccepted },
      },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId }) => {
      const server = await requireServer(vps, reach, params.id);
      if (server.lifecycle !== 'terminating') {
        const refusal = refusalOf('undelete', server);
        if (refusal !== null) throw refusal;
        await takeBackDeletion(vps.db, server.id);
        return json(200, viewServer(await requireServer(vps, reach, params.id)));
      }
      if (server.terminatesAt !== null && server.terminatesAt.getTime() <= vps.service.clock.nowMs())
        throw new AppError('state_conflict', 'The time to bring it back is over.');
      return actionReply(
        await runAction<UndeleteItem>(vps, {
          kind: actions.undelete,
          action: 'undelete',
          server,
          item: { resume: server.suspension === null },
          principal,
          requestId,
        }),
      );
    },
  );
}
