// Whether a right admits a connection to a target. The same is asked again while the connection is open.
import type { RefusalWord } from './refusals';
import type { Right } from './rights';

type Permission = Pick<Right, 'suspendedFor' | 'isEnabled' | 'validUntilMs' | 'blockedDomains' | 'allowedDomains'>;

/** Null: nothing is against it. */
export function whyNot(right: Permission, nowMs: number, host: string): RefusalWord | null {
  if (right.suspendedFor !== null) return 'suspended';
  if (!right.isEnabled) return 'disabled';
  if (right.validUntilMs <= nowMs) return 'expired';
  if (right.blockedDomains.some((domain) => isWithin(host, domain))) return 'blocked';
  const allowed = right.allowedDomains;
  return allowed !== null && !allowed.some((domain) => isWithin(host, domain)) ? 'blocked' : null;
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
