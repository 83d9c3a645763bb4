import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
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
      const page = await pageOfRows({
        route: 'list-snapshots',
        reach,
        of: server.id,
        query,
        cursors: service.cursors,
        read: (at) => readSnapshots(vps.db, server.id, at),
        position: bySeq,
        view: viewSnapshot,
      });
      return json(200, page);
    },
  );
}
