// How much of a target is kept (PROXY_TARGET_LOG): its registrable domain, its host, or nothing.
import { getDomain } from 'tldts';

export const TARGET_LOGS = ['domain', 'host', 'none'] as const;
export type TargetLog = (typeof TARGET_LOGS)[number];

const KEPT_MAX = 10_000;

export function targetNames(log: TargetLog): (host: string) => string {
  if (log === 'none') return () => 'none';
  if (log === 'host') return (host) => host;
  const kept = new Map<string, string>();
  return (host) => {
    const found = kept.get(host);
    if (found !== undefined) return found;
    // An address, and a name that is a public suffix itself, stand for themselves.
    const name = getDomain(host, { validateHostname: false }) ?? host;
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(host, name);
    return name;
  };
}
