import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { bodyOrQuery, endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { HOUR_MS } from '@lumi/shared/times';
import type { Actions } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { refusalOf } from '../servers/server-rules';
import { serverSchema, viewServer } from '../servers/server-view';
import { planDeletion } from '../store/server-changes';
import type { VpsDeps } from '../deps';
import { confirmField, confirmed, serverParams } from '../servers/fields';
import { requireServer } from './require-server';

const body = z.object({
  when: z
    .enum(['now', 'period_end'])
    .optional()
    .describe('`period_end`, the default: it runs until it expires. `now`: it is switched off at once.'),
  confirm: confirmField.optional().describe('The host name of the server, so that no wrong one is hit. Required.'),
});

export function deleteServer(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'delete-server',
      method: 'DELETE',
      path: '/servers/{id}',
      summary: 'Delete a server',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        '`confirm` is required; for clients that cannot send a body with DELETE, `when` and `confirm` may ' +
        'stand in the query. Nothing is paid back. Until `terminates_at` it can be brought back with its ' +
        'data by `POST /servers/{id}/undelete`.',
      params: serverParams,
      query: body,
      body,
      bodyExample: { when: 'now', confirm: 'web-1.example.com' },
      responses: {
        200: { description: 'It will be deleted when it expires.', schema: serverSchema },
        202: { description: 'Being switched off; poll the operation.', schema: operationAccepted },
      },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId, body: inBody, query }) => {
      const { when, confirm } = bodyOrQuery(inBody, query);
      if (confirm === undefined) throw invalid('confirm', 'is required: the host name of the server');
      const server = await requireServer(vps, reach, params.id);
      confirmed(server, confirm);
      if (when !== 'now' && server.lifecycle !== 'suspended') {
        const refusal = refusalOf('delete', server);
        if (refusal !== null) throw refusal;
        await planDeletion(vps.db, server.id);
        return json(200, viewServer(await requireServer(vps, reach, params.id)));
      }
      const terminatesAt = new Date(vps.service.clock.nowMs() + vps.settings.UNDELETE_HOURS * HOUR_MS);
      return actionReply(
        await runAction(vps, {
          kind: actions.remove,
          action: 'delete',
          server,
          item: {},
          principal,
          requestId,
          change: sql`lifecycle = 'terminating', terminates_at = ${terminatesAt}::timestamptz, grace_ends_at = NULL`,
        }),
      );
    },
  );
}
