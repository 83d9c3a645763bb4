// What nodes leave behind: leases of those that have gone silent, ends that all of them know, entries to be placed, and
// events of plans that are due.
import { freeSilentLeases } from '../store/batches';
import { placeEntries } from '../store/entries';
import { forgetRemoved } from '../store/feed';
import { SILENT_MS } from '../store/nodes';
import { freeForgottenEntries } from '../supplier/upstream/held-entries';
import { tellAllPlans } from '../store/plan-limits';
import type { NodeDeps } from '../nodes/deps';

const NODES_MAX = 50;
const FORGET_MAX = 500;
/** A node that was away for longer gets everything. */
const TOLD_FOR_MS = 86_400_000;

/** One round. Returns true when there may be more. */
export async function careForNodes({
  service: { db, clock, log },
  entryHost,
}: Pick<NodeDeps, 'service' | 'entryHost'>): Promise<boolean> {
  const now = clock.now();
  const freed = await freeSilentLeases(db.platform, new Date(now.getTime() - SILENT_MS), NODES_MAX);
  for (const node of freed)
    log.error('a node has been silent for 15 minutes; what it held is given to others', { node, alert: true });
  await freeForgottenEntries(db.platform);
  await placeEntries(db.platform, entryHost, now);
  await tellAllPlans(db, now);
  return forgetRemoved(db.platform, new Date(now.getTime() - TOLD_FOR_MS), FORGET_MAX);
}
