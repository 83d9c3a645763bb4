// The operators' routes, equal on every product base. A key made here is a key of the base's product.
import type { Endpoint } from '../../counter/endpoint';
import { adjustUser } from './adjust-user';
import { checkLedger } from './check-ledger';
import { createUser } from './create-user';
import { ADMIN_TAG, type AdminDeps } from './deps';
import { getKey } from './get-key';
import { getUser } from './get-user';
import { issueKeyEndpoint } from './issue-key';
import { listAuditLog } from './list-audit-log';
import { listKeysEndpoint } from './list-keys';
import { listUsersEndpoint } from './list-users';
import { revokeKeyEndpoint } from './revoke-key';
import { rollKeyEndpoint } from './roll-key';

/** Tags of these endpoints for the OpenAPI document. */
export const ADMIN_TAGS = [
  { name: ADMIN_TAG, description: 'For operator keys: accounts, keys, corrections.' },
] as const;

export function adminEndpoints(service: AdminDeps): Endpoint[] {
  return [
    createUser(service),
    listUsersEndpoint(service),
    getUser(service),
    adjustUser(service),
    issueKeyEndpoint(service),
    listKeysEndpoint(service),
    getKey(service),
    revokeKeyEndpoint(service),
    rollKeyEndpoint(service),
    listAuditLog(service),
    checkLedger(service),
  ];
}
