import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { listSnapshots as readSnapshots } from '../store/snapshots';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { requireServer } from './require-server';
import { SNAPSHOT_ROUTE } from './require-snapshot';

export function listSnapshots(vps: VpsDeps): Endpoint {
  const { service } = vps;
  return endpoint(
    defineRoute({
      ...SNAPSHOT_ROUTE,
      id: 'list-snapshots',
      method: 'GET',
      path: '/servers/{id}/snapshots',
      summary: 'List snapshots of a server',
      scope: 'read',
      params: serverParams,
      query: pageQuery,
      description: 'Newest first.',
      responses: { 200: { description: 'A page of snapshots.', schema: pageOf(snapshotSchema) } },
    }),
    async ({ reach, params: { id }, query }) => {
      const server = await requireServer(vps, reach, id);
      const binding: CursorBinding = { account: server.accountId, route: 'list-snapshots', filter: { id } };
      const request = readPage(query, service.cursors, binding);
      const rows = await readSnapshots(vps.db, server.id, {
        limit: request.limit,
        beforeSeq: request.after?.[0] ?? null,
      });
      return json(
        200,
        toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], viewSnapshot),
      );
    },
  );
}
