import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { VpsDeps } from '../deps';
import { snapshotSchema, viewSnapshot } from '../servers/snapshot-view';
import { syncSnapshots } from '../servers/sync-snapshots';
import { snapshotParams, requireSnapshot } from './require-snapshot';

export function syncSnapshotNow(vps: VpsDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-snapshot',
      path: '/servers/{id}/snapshots/{snapshot_id}/sync',
      tag: 'Snapshots',
      summary: 'Look at a snapshot where it lies',
      description:
        'Asks which snapshots the machine has, writes it down and answers this one. At most once a minute for ' +
        'each snapshot.',
      params: snapshotParams,
      answer: { description: 'The snapshot as it is now.', schema: snapshotSchema },
    }),
    async ({ reach, params: ids }) => {
      const { server, snapshot } = await requireSnapshot(vps, reach, ids);
      await syncOnce(vps.service, { product: 'vps', thing: `snapshot ${snapshot.id}` }, () =>
        syncSnapshots(vps, reach, server.id),
      );
      return json(200, viewSnapshot((await requireSnapshot(vps, reach, ids)).snapshot));
    },
  );
}
