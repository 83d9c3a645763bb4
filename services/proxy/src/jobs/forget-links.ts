// Deletes export links that ended long ago (packages/shared/src/house-keeping/retention/README.md), in steps of few
// rows.
import type { ProxyDeps } from '../deps';
import { forgetLinks } from '../store/export-links';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export function forgetOldLinks({ service }: Pick<ProxyDeps, 'service'>, rows = ROUND_MAX): Promise<boolean> {
  return forgetLinks(service.db.platform, service.clock.now(), rows);
}
