import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { POWER_ACTIONS, type Actions, type PowerAction } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';

const TEXTS: Readonly<Record<PowerAction, { readonly summary: string; readonly description: string }>> = {
  start: { summary: 'Start a server', description: 'Switches it on. A server that runs is left alone.' },
  stop: {
    summary: 'Stop a server',
    description: 'Switches it off at once, like pulling the plug. It stays yours and is paid for.',
  },
  shutdown: { summary: 'Shut a server down', description: 'Asks the system of the server to shut down.' },
  reboot: { summary: 'Reboot a server', description: 'Asks the system of the server to restart.' },
  reset: { summary: 'Reset a server', description: 'Switches it off and on, like the reset button.' },
};

/** `/servers/{id}/actions/start` and the four other power actions. */
export function actOnServer(vps: VpsDeps, actions: Actions): readonly Endpoint[] {
  return POWER_ACTIONS.map((action) =>
    endpoint(
      defineRoute({
        id: `${action}-server`,
        method: 'POST',
        path: `/servers/{id}/actions/${action}`,
        summary: TEXTS[action].summary,
        tag: 'Servers',
        scope: 'write',
        class: 'regular',
        reach: 'account',
        description: `${TEXTS[action].description} One operation runs on a server at a time.`,
        params: serverParams,
        responses: { 202: { description: 'Being done; poll the operation.', schema: operationAccepted } },
        errors: ['busy', 'state_conflict', 'suspended'],
      }),
      async ({ reach, params, principal, requestId }) => {
        const server = await requireServer(vps, reach, params.id);
        return actionReply(
          await runAction(vps, { kind: actions[action], action, server, item: {}, principal, requestId }),
        );
      },
    ),
  );
}
