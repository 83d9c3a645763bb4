// The endpoints of snapshots: they share their schema, their parameters and the way to a snapshot.
import { z } from 'zod';
import { AppError, defineRoute, isId, lineField, newId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { bodyOrQuery, endpoint, json, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { Actions, SnapshotItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { findSnapshot, insertSnapshot, listSnapshots as readSnapshots, markDeleting, type Snapshot } from '../store/snapshots';
import type { Server } from '../store/servers';
import type { Vps } from '../vps';
import { confirmField, confirmed, serverParams } from '../servers/fields';
import { MISSING_SNAPSHOT_TEXT, snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { syncSnapshots } from '../servers/sync-snapshots';
import { requireServer } from './require-server';

const SNAPSHOTS_MAX = 3;
const ALL = 200;

const params = serverParams.extend({ snapshot_id: z.string().refine((id) => isId(id, 'snp')).describe('The id of the snapshot.') });
const common = { tag: 'Snapshots', class: 'regular', reach: 'account' } as const;
const confirmQuery = z.object({ confirm: confirmField.optional() });
const errors = ['busy', 'state_conflict', 'suspended'] as const;
const STARTED = sql`FROM started WHERE started.outcome = 'started'`;

export function snapshotEndpoints(vps: Vps, actions: Actions): readonly Endpoint[] {
  return [listSnapshots(vps), syncSnapshotList(vps), getSnapshot(vps), syncSnapshot(vps), createSnapshot(vps, actions), deleteSnapshot(vps, actions), restoreSnapshot(vps, actions)];
}

function listSnapshots(vps: Vps): Endpoint {
  const { service } = vps;
  return endpoint(
    defineRoute({
      ...common, id: 'list-snapshots', method: 'GET', path: '/servers/{id}/snapshots', summary: 'List snapshots of a server', scope: 'read', params: serverParams, query: pageQuery,
      description: 'Newest first.',
      responses: { 200: { description: 'A page of snapshots.', schema: pageOf(snapshotSchema) } },
    }),
    async ({ reach, params: { id }, query }) => {
      const server = await requireServer(vps, reach, id);
      const binding: CursorBinding = { account: server.accountId, route: 'list-snapshots', filter: { id } };
      const request = readPage(query, service.cursors, binding);
      const rows = await readSnapshots(service.db.platform, server.id, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], viewSnapshot));
    },
  );
}

function getSnapshot(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'get-snapshot', method: 'GET', path: '/servers/{id}/snapshots/{snapshot_id}', summary: 'Get a snapshot', scope: 'read', params,
      description: 'One snapshot of a server.',
      responses: { 200: { description: 'The snapshot.', schema: snapshotSchema } },
    }),
    async ({ reach, params: ids }) => json(200, viewSnapshot((await requireSnapshot(vps, reach, ids)).snapshot)),
  );
}

function createSnapshot(vps: Vps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'create-snapshot', method: 'POST', path: '/servers/{id}/snapshots', summary: 'Take a snapshot', scope: 'write', params: serverParams,
      description: `Keeps the disk as it is now. Up to ${String(SNAPSHOTS_MAX)} per server, free of charge; they go with the server.`,
      body: z.object({ name: lineField(128).describe('A name for people.') }), bodyExample: { name: 'before upgrade' },
      responses: { 202: { description: 'Being taken; poll the operation.', schema: operationAccepted.extend({ snapshot: snapshotSchema }) } },
      errors,
    }),
    async ({ reach, params: { id }, principal, requestId, body }) => {
      const server = await requireServer(vps, reach, id);
      const { service } = vps;
      if ((await readSnapshots(service.db.platform, server.id, { limit: ALL, beforeSeq: null })).length >= SNAPSHOTS_MAX) {
        throw new AppError('state_conflict', `A server has at most ${String(SNAPSHOTS_MAX)} snapshots; delete one first.`);
      }
      const snapshotId = newId('snp', service.clock.nowMs());
      // The server's lock is taken by the same statement, so no second snapshot is counted past.
      const operation = await runAction<SnapshotItem>(vps, {
        kind: actions.createSnapshot, deed: 'snapshot', server, item: { snapshot_id: snapshotId }, principal, requestId,
        prepare: [insertSnapshot({ id: snapshotId, accountId: server.accountId, serverId: server.id, name: body.name }, STARTED)],
      });
      const snapshot = await findSnapshot(service.db.platform, server.id, snapshotId);
      const failed: Snapshot = { seq: 0n, id: snapshotId, serverId: server.id, name: body.name, sizeGb: 0, state: 'creating', createdAt: operation.createdAt, syncedAt: null, missingSince: null };
      const reply = actionReply(operation);
      return { ...reply, body: { ...(reply.body as object), snapshot: viewSnapshot(snapshot ?? failed) } };
    },
  );
}

function deleteSnapshot(vps: Vps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'delete-snapshot', method: 'DELETE', path: '/servers/{id}/snapshots/{snapshot_id}', summary: 'Delete a snapshot', scope: 'write', params,
      description: 'Its data is gone when the operation is completed. Not for protected servers. `confirm` may be left out; where it is sent it must be the host name of the server.',
      query: confirmQuery, body: z.object({ confirm: confirmField.optional() }), bodyExample: { confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being deleted; poll the operation.', schema: operationAccepted } },
      errors,
    }),
    async ({ reach, params: ids, principal, requestId, body, query }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      const { confirm } = bodyOrQuery(body, query);
      if (confirm !== undefined) confirmed(server, confirm);
      if (snapshot.state !== 'ready') throw new AppError('state_conflict', 'The snapshot is not ready.');
      return actionReply(await runAction<SnapshotItem>(vps, {
        kind: actions.deleteSnapshot, deed: 'delete_snapshot', server, item: { snapshot_id: snapshot.id }, principal, requestId, prepare: [markDeleting(snapshot.id, STARTED)],
      }));
    },
  );
}

function restoreSnapshot(vps: Vps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'restore-snapshot', method: 'POST', path: '/servers/{id}/snapshots/{snapshot_id}/restore', summary: 'Restore a snapshot', scope: 'write', params,
      description: 'Puts the disk back to what it was. What was written since is lost: `confirm` it with the host name. Not for protected servers.',
      body: z.object({ confirm: confirmField }), bodyExample: { confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being restored; poll the operation.', schema: operationAccepted } },
      errors,
    }),
    async ({ reach, params: ids, principal, requestId, body }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      confirmed(server, body.confirm);
      if (snapshot.missingSince !== null) throw new AppError('state_conflict', MISSING_SNAPSHOT_TEXT, { details: [{ path: 'missing_since', message: isoSeconds(snapshot.missingSince) }] });
      if (snapshot.state !== 'ready') throw new AppError('state_conflict', 'The snapshot is not ready.');
      return actionReply(await runAction<SnapshotItem>(vps, { kind: actions.restoreSnapshot, deed: 'restore_snapshot', server, item: { snapshot_id: snapshot.id }, principal, requestId }));
    },
  );
}

function syncSnapshotList(vps: Vps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-snapshots', path: '/servers/{id}/snapshots/sync', tag: 'Snapshots', summary: 'Look at the snapshots of a server where they lie',
      description: 'Asks which snapshots the machine has, writes it down and answers them. What differed is told by `snapshot.synced` and `snapshot.missing` events. At most once a minute for each server. A snapshot that is not there is kept, with `missing_since`.',
      params: serverParams, answer: { description: 'The snapshots as they are now, as `GET /servers/{id}/snapshots` has them.', schema: pageOf(snapshotSchema) },
    }),
    async ({ reach, params: { id } }) => {
      const { id: serverId, accountId } = await requireServer(vps, reach, id);
      await syncOnce(vps.service, { product: 'vps', thing: `snapshots of ${serverId}` }, () => syncSnapshots(vps, reach, serverId));
      const { service } = vps;
      const binding: CursorBinding = { account: accountId, route: 'list-snapshots', filter: { id: serverId } };
      const request = readPage({}, service.cursors, binding);
      const rows = await readSnapshots(service.db.platform, serverId, { limit: request.limit, beforeSeq: null });
      return json(200, toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], viewSnapshot));
    },
  );
}

function syncSnapshot(vps: Vps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-snapshot', path: '/servers/{id}/snapshots/{snapshot_id}/sync', tag: 'Snapshots', summary: 'Look at a snapshot where it lies',
      description: 'Asks which snapshots the machine has, writes it down and answers this one. At most once a minute for each snapshot.',
      params, answer: { description: 'The snapshot as it is now.', schema: snapshotSchema },
    }),
    async ({ reach, params: ids }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      await syncOnce(vps.service, { product: 'vps', thing: `snapshot ${snapshot.id}` }, () => syncSnapshots(vps, reach, server.id));
      return json(200, viewSnapshot((await requireSnapshot(vps, reach, ids)).snapshot));
    },
  );
}

async function requireSnapshot(vps: Vps, reach: Reach, ids: { readonly id: string; readonly snapshot_id: string }): Promise<{ server: Server; snapshot: Snapshot }> {
  const server = await requireServer(vps, reach, ids.id);
  const snapshot = await findSnapshot(vps.service.db.platform, server.id, ids.snapshot_id);
  if (snapshot === null) throw notFound();
  return { server, snapshot };
}
