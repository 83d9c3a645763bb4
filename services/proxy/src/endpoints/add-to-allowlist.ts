import { defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { ALLOWLIST_ROUTE, allowEntryBody, ALLOW_ENTRY_EXAMPLE, ALLOW_ENTRY_ANSWERS, addEntry } from './allowlist';

export function addToAllowlist(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...ALLOWLIST_ROUTE,
      id: 'add-to-allowlist',
      method: 'POST',
      path: '/allowlist',
      summary: 'Allow an address for the account',
      scope: 'write',
      description: 'The same address twice is one entry, with the newest label and expiry. At most 100.',
      body: allowEntryBody,
      bodyExample: ALLOW_ENTRY_EXAMPLE,
      responses: ALLOW_ENTRY_ANSWERS,
      errors: ['state_conflict'],
    }),
    (context) => addEntry(deps, context, context.accountId, null, context.body),
  );
}
