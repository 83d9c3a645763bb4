// A server at a moment of the clock, not at the worker's last round: an expired server is in grace from that moment on,
// and one that can no longer be brought back is deleted.
import { HOUR_MS } from '@lumi/shared/times';
import type { Lifecycle, Server } from '../store/servers';
import type { VpsDeps } from '../deps';

export function asOf<S extends Server>(vps: VpsDeps, server: S): S {
  const now = vps.service.clock.now();
  const lifecycle = lifecycleAt(server, now);
  if (lifecycle === server.lifecycle) return server;
  const graceEndsAt =
    lifecycle === 'grace' && server.expiresAt !== null
      ? new Date(server.expiresAt.getTime() + vps.settings.GRACE_HOURS * HOUR_MS)
      : null;
  return { ...server, lifecycle, graceEndsAt };
}

/** The same in SQL: `lifecycleSql` of store/servers.ts. */
function lifecycleAt({ lifecycle, expiresAt, terminatesAt }: Server, now: Date): Lifecycle {
  if (lifecycle === 'active' && expiresAt !== null && expiresAt <= now) return 'grace';
  return lifecycle === 'suspended' && terminatesAt !== null && terminatesAt <= now ? 'terminating' : lifecycle;
}
