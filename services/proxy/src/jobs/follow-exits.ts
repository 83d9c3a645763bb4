// Networks whose addresses change by themselves look for what has changed: proxies, their feed and nodes get it.
import type { ProxyDeps } from '../deps';

const ROUND_LIMIT_MS = 30_000;

/** One round. Returns true when there may be more. */
export function followExits(deps: Pick<ProxyDeps, 'networks'>): Promise<boolean> {
  return deps.networks.each(
    async (network) => (await network.followExits?.(AbortSignal.timeout(ROUND_LIMIT_MS))) ?? false,
  );
}
