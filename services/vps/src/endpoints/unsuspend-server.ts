import { actorOf, noteSql } from '@lumi/shared/audit-log';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';
import { SUSPENSION_ROUTE, suspensionAct } from './suspension-route';

export function unsuspendServer(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'unsuspend-server',
      path: '/admin/servers/{id}/unsuspend',
      summary: 'Lift a suspension',
      description:
        'Releases the server and switches it on. If the paid time is over, a new grace period begins. Only a ' +
        'renewal lifts a suspension for non-payment.',
      responses: { 202: { description: 'Being switched on; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict'],
    }),
    async (context) => {
      const { reach, params, principal, requestId } = context;
      const server = await requireServer(vps, reach, params.id);
      return actionReply(
        await runAction(vps, {
          kind: actions.unsuspend,
          action: 'unsuspend',
          server,
          item: {},
          principal,
          requestId,
          note: noteSql(actorOf(context), [suspensionAct('server.unsuspend', server, null)]),
        }),
      );
    },
  );
}
