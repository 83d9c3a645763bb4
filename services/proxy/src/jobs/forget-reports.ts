// Deletes what nodes reported and what is kept no longer (packages/shared/src/house-keeping/retention/README.md):
// connections and signs of abuse, in steps of few rows.
import { forgetSigns } from '../store/abuse-signs';
import { forgetConnections } from '../store/connections';
import type { ProxyDeps } from '../deps';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export async function forgetOldReports(
  { service: { db } }: Pick<ProxyDeps, 'service'>,
  rows = ROUND_MAX,
): Promise<boolean> {
  const areConnectionsLeft = await forgetConnections(db.platform, rows);
  return (await forgetSigns(db.platform, rows)) || areConnectionsLeft;
}
