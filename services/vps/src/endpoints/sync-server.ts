import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import { asOf } from '../servers/as-of';
import { serverParams } from '../servers/fields';
import { serverSchema, viewServer } from '../servers/server-view';
import { syncServer } from '../servers/sync-server';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

export function syncServerNow(vps: VpsDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-server',
      path: '/servers/{id}/sync',
      summary: 'Look at a server where it runs',
      tag: 'Servers',
      description:
        'Asks how the machine stands (whether it runs, its addresses), writes it down and answers it. What ' +
        'differed is told by a `server.synced` event. At most once a minute for each server. A server whose ' +
        'machine is not found is kept, with `missing_since`.',
      params: serverParams,
      answer: { description: 'The server as it is now.', schema: serverSchema },
    }),
    async ({ reach, params }) => {
      const server = await requireServer(vps, reach, params.id);
      return json(
        200,
        viewServer(
          asOf(
            vps,
            await syncOnce(vps.service, { product: 'vps', thing: `server ${server.id}` }, () =>
              syncServer(vps, reach, server.id),
            ),
          ),
        ),
      );
    },
  );
}
