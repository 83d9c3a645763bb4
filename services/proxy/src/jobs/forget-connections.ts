// Deletes connections that are kept no longer (packages/shared/src/house-keeping/retention/README.md), in steps of few
// rows.
import { forgetConnections } from '../store/connections';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export function forgetOldConnections({ service }: Pick<ProxyDeps, 'service'>, rows = ROUND_MAX): Promise<boolean> {
  return forgetConnections(service.db.platform, rows);
}
