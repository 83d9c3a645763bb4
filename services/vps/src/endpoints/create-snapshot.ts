import { z } from 'zod';
import { AppError, defineRoute, lineField, newId } from '@lumi/shared/contract';
import { fromStep } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, SnapshotItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { findSnapshot, insertSnapshot, listSnapshots as readSnapshots, type Snapshot } from '../store/snapshots';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { requireServer } from './require-server';
import { SNAPSHOT_ROUTE, SNAPSHOT_ERRORS } from './require-snapshot';

const SNAPSHOTS_MAX = 3;
const ALL = 200;

export function createSnapshot(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...SNAPSHOT_ROUTE,
      id: 'create-snapshot',
      method: 'POST',
      path: '/servers/{id}/snapshots',
      summary: 'Take a snapshot',
      scope: 'write',
      params: serverParams,
      description:
        `Keeps the disk as it is now. Up to ${String(SNAPSHOTS_MAX)} per server, free of charge; they go with the ` +
        'server.',
      body: z.object({ name: lineField(128).describe('A name for people.') }),
      bodyExample: { name: 'before upgrade' },
      responses: {
        202: {
          description: 'Being taken; poll the operation.',
          schema: operationAccepted.extend({ snapshot: snapshotSchema }),
        },
      },
      errors: SNAPSHOT_ERRORS,
    }),
    async ({ reach, params: { id }, principal, requestId, body }) => {
      const server = await requireServer(vps, reach, id);
      const { service } = vps;
      if ((await readSnapshots(vps.db, server.id, { limit: ALL, beforeSeq: null })).length >= SNAPSHOTS_MAX) {
        throw new AppError(
          'state_conflict',
          `A server has at most ${String(SNAPSHOTS_MAX)} snapshots; delete one first.`,
        );
      }
      const snapshotId = newId('snp', service.clock.nowMs());
      // The same statement takes the server's lock, so a second snapshot cannot exceed the limit in a race.
      const operation = await runAction<SnapshotItem>(vps, {
        kind: actions.createSnapshot,
        action: 'snapshot',
        server,
        item: { snapshot_id: snapshotId },
        principal,
        requestId,
        prepare: [
          insertSnapshot(
            { id: snapshotId, accountId: server.accountId, serverId: server.id, name: body.name },
            fromStep('started'),
          ),
        ],
      });
      const snapshot = await findSnapshot(vps.db, server.id, snapshotId);
      const failed: Snapshot = {
        seq: 0n,
        id: snapshotId,
        serverId: server.id,
        name: body.name,
        sizeGb: 0,
        state: 'creating',
        createdAt: operation.createdAt,
        syncedAt: null,
        missingSince: null,
      };
      const reply = actionReply(operation);
      return { ...reply, body: { ...(reply.body as object), snapshot: viewSnapshot(snapshot ?? failed) } };
    },
  );
}
