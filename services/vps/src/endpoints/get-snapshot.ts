import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { VpsDeps } from '../deps';
import { snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { SNAPSHOT_ROUTE, snapshotParams, requireSnapshot } from './require-snapshot';

export function getSnapshot(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SNAPSHOT_ROUTE,
      id: 'get-snapshot',
      method: 'GET',
      path: '/servers/{id}/snapshots/{snapshot_id}',
      summary: 'Get a snapshot',
      scope: 'read',
      params: snapshotParams,
      description: 'One snapshot of a server.',
      responses: { 200: { description: 'The snapshot.', schema: snapshotSchema } },
    }),
    async ({ reach, params: ids }) => json(200, viewSnapshot((await requireSnapshot(vps, reach, ids)).snapshot)),
  );
}
