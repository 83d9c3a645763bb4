import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import type { Actions, SnapshotItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import type { VpsDeps } from '../deps';
import { confirmField, confirmed } from '../servers/fields';
import { MISSING_SNAPSHOT_TEXT } from '../servers/snapshot-view';
import { SNAPSHOT_ROUTE, snapshotParams, SNAPSHOT_ERRORS, requireSnapshot } from './require-snapshot';

export function restoreSnapshot(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...SNAPSHOT_ROUTE,
      id: 'restore-snapshot',
      method: 'POST',
      path: '/servers/{id}/snapshots/{snapshot_id}/restore',
      summary: 'Restore a snapshot',
      scope: 'write',
      params: snapshotParams,
      description:
        'Puts the disk back to what it was. What was written since is lost: `confirm` it with the host name. Not ' +
        'for protected servers.',
      body: z.object({ confirm: confirmField }),
      bodyExample: { confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being restored; poll the operation.', schema: operationAccepted } },
      errors: SNAPSHOT_ERRORS,
    }),
    async ({ reach, params: ids, principal, requestId, body }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      confirmed(server, body.confirm);
      if (snapshot.missingSince !== null)
        throw new AppError('state_conflict', MISSING_SNAPSHOT_TEXT, {
          details: [{ path: 'missing_since', message: isoSeconds(snapshot.missingSince) }],
        });
      if (snapshot.state !== 'ready') throw new AppError('state_conflict', 'The snapshot is not ready.');
      return actionReply(
        await runAction<SnapshotItem>(vps, {
          kind: actions.restoreSnapshot,
          action: 'restore_snapshot',
          server,
          item: { snapshot_id: snapshot.id },
          principal,
          requestId,
        }),
      );
    },
  );
}
