import { z } from 'zod';
import { defineRoute, notFound, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { findProxy } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { ALLOWLIST_ROUTE, proxyParam, allowEntrySchema, allowlistPage } from './allowlist';

export function listProxyAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'list-proxy-allowlist',
      method: 'GET',
      path: '/proxies/{id}/allowlist',
      summary: 'List addresses of a proxy',
      scope: 'read',
      description: 'Addresses that may use this proxy, beside those of the account.',
      params: z.object(proxyParam),
      query: pageQuery,
      responses: { 200: { description: 'A page of entries.', schema: pageOf(allowEntrySchema) } },
    }),
    async ({ reach, params, query }) => {
      if ((await findProxy(deps.db, reach, params.id)) === null) throw notFound();
      return allowlistPage(deps, reach, params.id, query);
    },
  );
}
