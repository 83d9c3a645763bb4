// POST /proxies/{id}/sync
import { z } from 'zod';
import { notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';
import { findProxy } from '../store/proxies';
import { syncProxy } from '../sync/sync-proxy';
import { proxySchema, viewProxy } from '../views/proxy-view';
import { idParam } from './fields';

export function syncProxyNow(deps: ProxyDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-proxy',
      path: '/proxies/{id}/sync',
      summary: 'Read a proxy from its network',
      tag: 'Proxies',
      description:
        'Reads the proxy (address, expiry) at the network, stores it and answers it. A `proxy.synced` event lists ' +
        'what differed. At most once a minute for each proxy. A proxy that the network does not run is kept, with ' +
        '`missing_since`.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      answer: { description: 'The proxy as it is now.', schema: proxySchema },
    }),
    async ({ reach, params: { id } }) => {
      const row = await findProxy(deps.db, reach, id);
      if (row === null) throw notFound();
      return json(
        200,
        viewProxy(
          await syncOnce(deps.service, { product: 'proxy', thing: `proxy ${row.id}` }, () =>
            syncProxy(deps, reach, id),
          ),
          deps.service.clock.now(),
        ),
      );
    },
  );
}
