// Whether a right admits a connection to a target. The same is asked again while the connection is open.
import type { RefusalWord } from './refusals';
import type { Right } from './rights';

type Permission = Pick<Right, 'suspendedFor' | 'isEnabled' | 'validUntilMs' | 'blockedDomains' | 'allowedDomains'>;

/** Null: nothing is against it. */
export function whyNot(right: Permission, nowMs: number, host: string): RefusalWord | null {
  if (right.suspendedFor !== null) return 'suspended';
  if (!right.isEnabled) return 'disabled';
  if (right.validUntilMs <= nowMs) return 'expired';
  if (isWithin(host, right.blockedDomains)) return 'blocked';
  return right.allowedDomains !== null && !isWithin(host, right.allowedDomains) ? 'blocked' : null;
}

/** When something of the right ends next without a change of it: the right, a login, an entry of its allow-list. */
export function nextEndMs({ validUntilMs, logins, blocks }: Right, nowMs: number): number {
  let next = validUntilMs > nowMs ? validUntilMs : Infinity;
  for (const ends of [logins, blocks])
    for (const { untilMs } of ends) if (untilMs !== null && untilMs > nowMs && untilMs < next) next = untilMs;
  return next;
}

const setsOfDomains = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Whether it is one of the domains, or below one. Costs the same however many they are. */
function isWithin(host: string, domains: readonly string[]): boolean {
  if (domains.length === 0) return false;
  let set = setsOfDomains.get(domains);
  if (set === undefined) setsOfDomains.set(domains, (set = new Set(domains)));
  for (let rest = host; ;) {
    if (set.has(rest)) return true;
    const dot = rest.indexOf('.');
    if (dot < 0) return false;
    rest = rest.slice(dot + 1);
  }
}
