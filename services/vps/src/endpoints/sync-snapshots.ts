import { pageOf, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import { listSnapshots as readSnapshots } from '../store/snapshots';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { syncSnapshots } from '../servers/sync-snapshots';
import { requireServer } from './require-server';

export function syncSnapshotsNow(vps: VpsDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-snapshots',
      path: '/servers/{id}/snapshots/sync',
      tag: 'Snapshots',
      summary: 'Read the snapshots of a server from its supplier',
      description:
        'Reads which snapshots the machine has, stores that and answers them. `snapshot.synced` and ' +
        '`snapshot.missing` events list what differed. At most once a minute for each server. A snapshot that is ' +
        'not there is kept, with `missing_since`.',
      params: serverParams,
      answer: {
        description: 'The snapshots as they are now, as `GET /servers/{id}/snapshots` has them.',
        schema: pageOf(snapshotSchema),
      },
    }),
    async ({ reach, params: { id } }) => {
      const { id: serverId, accountId } = await requireServer(vps, reach, id);
      await syncOnce(vps.service, { product: 'vps', thing: `snapshots of ${serverId}` }, () =>
        syncSnapshots(vps, reach, serverId),
      );
      const { service } = vps;
      const binding: CursorBinding = { account: accountId, route: 'list-snapshots', filter: { id: serverId } };
      const request = readPage({}, service.cursors, binding);
      const rows = await readSnapshots(vps.db, serverId, { limit: request.limit, beforeSeq: null });
      return json(
        200,
        toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], viewSnapshot),
      );
    },
  );
}
