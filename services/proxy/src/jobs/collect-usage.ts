// Stores the network's usage counters. The position is written together with the counters, so nothing is counted twice
// or skipped.
import { takeUsage, usagePosition } from '../store/usage';
import type { ProxyDeps } from '../deps';

const NETWORK = 'default';
const ROUND_MAX = 1_000;
const CALL_LIMIT_MS = 8_000;

/** One round. Returns true when there may be more. */
export async function collectUsage(deps: ProxyDeps): Promise<boolean> {
  const { platform } = deps.service.db;
  const before = await usagePosition(deps.db, NETWORK);
  const { deltas, position } = await deps.network.usageAfter(before, ROUND_MAX, AbortSignal.timeout(CALL_LIMIT_MS));
  if (deltas.length > 0 && position !== null)
    await takeUsage(platform, NETWORK, deltas, position, deps.service.clock.now());
  return deltas.length === ROUND_MAX;
}
