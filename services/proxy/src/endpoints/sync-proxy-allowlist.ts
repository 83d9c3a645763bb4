import { z } from 'zod';
import { notFound, pageOf } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import { findProxy } from '../store/proxies';
import { syncProxyAccess } from '../sync/sync-access';
import type { ProxyDeps } from '../deps';
import { ALLOWLIST_ROUTE, proxyParam, allowEntrySchema, allowlistPage } from './allowlist';

export function syncProxyAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-proxy-allowlist',
      path: '/proxies/{id}/allowlist/sync',
      tag: ALLOWLIST_ROUTE.tag,
      summary: 'Compare the allow-list of a proxy with the network',
      description:
        'Reads the access that the network allows. If it differs from the lists (this one, and that of the ' +
        'account), the lists are pushed again: the proxy’s `is_applied` is false until the network has confirmed ' +
        'them, and a `proxy.synced` event reports the difference. At most once a minute for each proxy.',
      params: z.object(proxyParam),
      answer: { description: 'The first page of the list.', schema: pageOf(allowEntrySchema) },
    }),
    async ({ reach, params: { id } }) => {
      if ((await findProxy(deps.db, reach, id)) === null) throw notFound();
      await syncOnce(deps.service, { product: 'proxy', thing: `allow-list of ${id}` }, () =>
        syncProxyAccess(deps, reach, id),
      );
      return allowlistPage(deps, reach, id, {});
    },
  );
}
