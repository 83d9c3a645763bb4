import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { fromStep } from '@lumi/shared/db';
import { bodyOrQuery, endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, SnapshotItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { markDeleting } from '../store/snapshots';
import type { VpsDeps } from '../deps';
import { confirmField, confirmed } from '../servers/fields';
import { SNAPSHOT_ROUTE, snapshotParams, SNAPSHOT_ERRORS, requireSnapshot } from './require-snapshot';

const confirmQuery = z.object({ confirm: confirmField.optional() });

export function deleteSnapshot(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...SNAPSHOT_ROUTE,
      id: 'delete-snapshot',
      method: 'DELETE',
      path: '/servers/{id}/snapshots/{snapshot_id}',
      summary: 'Delete a snapshot',
      scope: 'write',
      params: snapshotParams,
      description:
        'Its data is gone when the operation is completed. Not for protected servers. `confirm` may be left out; ' +
        'where it is sent it must be the host name of the server.',
      query: confirmQuery,
      body: z.object({ confirm: confirmField.optional() }),
      bodyExample: { confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being deleted; poll the operation.', schema: operationAccepted } },
      errors: SNAPSHOT_ERRORS,
    }),
    async ({ reach, params: ids, principal, requestId, body, query }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      const { confirm } = bodyOrQuery(body, query);
      if (confirm !== undefined) confirmed(server, confirm);
      if (snapshot.state !== 'ready') throw new AppError('state_conflict', 'The snapshot is not ready.');
      return actionReply(
        await runAction<SnapshotItem>(vps, {
          kind: actions.deleteSnapshot,
          action: 'delete_snapshot',
          server,
          item: { snapshot_id: snapshot.id },
          principal,
          requestId,
          prepare: [markDeleting(snapshot.id, fromStep('started'))],
        }),
      );
    },
  );
}
