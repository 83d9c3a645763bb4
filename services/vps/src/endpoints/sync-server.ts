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
      summary: 'Read a server from its supplier',
      tag: 'Servers',
      description:
        'Reads the machine (power, addresses) at the supplier, stores it and answers the server. A `server.synced` ' +
        'event lists what differed. At most once a minute for each server. A server whose machine is not found is ' +
        'kept, with `missing_since`.',
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
