import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { ALLOWLIST_ROUTE, allowEntrySchema, allowlistPage } from './allowlist';

export function listAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'list-allowlist',
      method: 'GET',
      path: '/allowlist',
      summary: 'List addresses of the account',
      scope: 'read',
      description: 'Addresses that may use every proxy of the account that lets addresses in.',
      query: pageQuery,
      responses: { 200: { description: 'A page of entries.', schema: pageOf(allowEntrySchema) } },
    }),
    ({ reach, query }) => allowlistPage(deps, reach, null, query),
  );
}
