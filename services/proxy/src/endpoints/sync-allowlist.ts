import type { Endpoint } from '@lumi/shared/endpoint';
import { syncListEndpoint, type SyncOfAll } from '@lumi/shared/sync';
import type { ProxyDeps } from '../deps';
import { ALLOWLIST_ROUTE } from './allowlist';

export function syncAllowlist(deps: ProxyDeps, sync: SyncOfAll): Endpoint {
  return syncListEndpoint(deps.service.purchases, sync, {
    id: 'sync-allowlist',
    path: '/allowlist/sync',
    tag: ALLOWLIST_ROUTE.tag,
    summary: 'Look whether the account’s addresses are let in',
    things: 'proxies and traffic plans',
    one: '/proxies/{id}/allowlist/sync',
  });
}
