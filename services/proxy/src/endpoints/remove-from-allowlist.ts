import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { ALLOWLIST_ROUTE, removedEntrySchema, removeEntry } from './allowlist';

export function removeFromAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'remove-from-allowlist',
      method: 'DELETE',
      path: '/allowlist/{id}',
      summary: 'Remove an address of the account',
      scope: 'write',
      description: 'The address is no longer let in.',
      params: z.object({ id: idParam('alw', 'the entry') }),
      responses: { 200: { description: 'Removed.', schema: removedEntrySchema } },
    }),
    ({ reach, params }) => removeEntry(deps, reach, null, params.id),
  );
}
