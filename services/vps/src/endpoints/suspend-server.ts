import { z } from 'zod';
import { actorOf, noteSql } from '@lumi/shared/audit-log';
import { defineRoute } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { DAY_MS } from '@lumi/shared/times';
import type { Actions, SuspendItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';
import { SUSPENSION_ROUTE, suspensionAct } from './suspension-route';

const suspendBody = z.object({
  kind: z.enum(['abuse', 'traffic', 'operator']),
  reason: z.string().min(1).max(500).describe('For the customer to read, in `suspension.reason`.'),
  deadline_days: z
    .int()
    .min(1)
    .max(365)
    .optional()
    .describe(
      'The data is deleted after so many days unless the suspension is lifted. Absent: two weeks after what is ' +
        'paid for is over.',
    ),
});

export function suspendServer(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...SUSPENSION_ROUTE,
      id: 'suspend-server',
      path: '/admin/servers/{id}/suspend',
      summary: 'Suspend a server',
      description:
        'Switches it off at once. The customer can delete it, and nothing else, until an operator lifts the ' +
        'suspension; paid time goes on.',
      body: suspendBody,
      bodyExample: { kind: 'abuse', reason: 'Outgoing port scans, case 4711.', deadline_days: 14 },
      responses: { 202: { description: 'Being switched off; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict'],
    }),
    async (context) => {
      const { reach, params, principal, requestId, body } = context;
      const server = await requireServer(vps, reach, params.id);
      const now = vps.service.clock.now();
      const terminatesAt =
        body.deadline_days === undefined ? null : new Date(now.getTime() + body.deadline_days * DAY_MS);
      return actionReply(
        await runAction<SuspendItem>(vps, {
          kind: actions.suspend,
          action: 'suspend',
          server,
          item: { kind: body.kind },
          principal,
          requestId,
          change: sql`
            lifecycle = 'suspended', suspension_kind = ${body.kind}, suspended_at = ${now}::timestamptz,
            suspension_reason = ${body.reason}, grace_ends_at = NULL, terminates_at = ${terminatesAt}::timestamptz`,
          note: noteSql(actorOf(context), [
            suspensionAct('server.suspend', server, { lifecycle: 'suspended', ...body }),
          ]),
        }),
      );
    },
  );
}
