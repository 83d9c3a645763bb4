// Deletes usage that is kept no longer (packages/shared/src/house-keeping/retention/README.md), in steps of few rows.
import { forgetUsage } from '../store/usage';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export function forgetOldUsage(deps: Pick<ProxyDeps, 'service'>, rows = ROUND_MAX): Promise<boolean> {
  return forgetUsage(deps.service.db.platform, rows);
}
