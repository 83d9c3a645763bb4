import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { findProxy } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { assertChangeable } from './change-proxies';
import {
  ALLOWLIST_ROUTE,
  proxyParam,
  allowEntryBody,
  ALLOW_ENTRY_EXAMPLE,
  ALLOW_ENTRY_ANSWERS,
  addEntry,
} from './allowlist';

export function addToProxyAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'add-to-proxy-allowlist',
      method: 'POST',
      path: '/proxies/{id}/allowlist',
      summary: 'Allow an address for a proxy',
      scope: 'write',
      description: 'As for the account, for one proxy.',
      params: z.object(proxyParam),
      body: allowEntryBody,
      bodyExample: ALLOW_ENTRY_EXAMPLE,
      responses: ALLOW_ENTRY_ANSWERS,
      errors: ['state_conflict'],
    }),
    async (context) => {
      const proxy = await findProxy(deps.db, context.reach, context.params.id);
      if (proxy === null) throw notFound();
      assertChangeable(proxy, deps.service.clock.now());
      return addEntry(deps, context, proxy.account_id, proxy.id, context.body);
    },
  );
}
