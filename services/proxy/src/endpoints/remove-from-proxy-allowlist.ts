import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { ALLOWLIST_ROUTE, proxyParam, removedEntrySchema, removeEntry } from './allowlist';

export function removeFromProxyAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'remove-from-proxy-allowlist',
      method: 'DELETE',
      path: '/proxies/{id}/allowlist/{entry_id}',
      summary: 'Remove an address of a proxy',
      scope: 'write',
      description: 'The address is no longer let in.',
      params: z.object({ ...proxyParam, entry_id: idParam('alw', 'the entry') }),
      responses: { 200: { description: 'Removed.', schema: removedEntrySchema } },
    }),
    ({ reach, params }) => removeEntry(deps, reach, params.id, params.entry_id),
  );
}
