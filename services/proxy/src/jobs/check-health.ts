// Checks live proxies in turn, starting with the one whose last check is oldest.
import { sql } from '@lumi/shared/db';
import type { Loop } from '@lumi/shared/service';
import type { Checked } from '../checks/proxy-checks';
import type { ProxyDeps } from '../deps';
import { proxyOfRow } from '../store/proxy-row';
import type { NetworkName } from '../supplier/proxy-network';

/** Of each network. */
const ROUND_MAX = 200;
/** The checks of a round that have begun end by themselves. */
const BEGIN_LIMIT_MS = 20_000;
const AGAIN_AFTER_MS = 60_000;

export function checkHealthLoop(deps: ProxyDeps): Loop {
  return {
    name: 'check-health',
    everyMs: 5_000,
    // The first row of the index decides, unless its network is not set up.
    due: () => sql`coalesce((SELECT health_checked_at IS NULL OR health_checked_at < ${checkedBefore(deps)}::timestamptz
      FROM proxy.proxy WHERE state = 'active' AND network = ANY (${[...deps.networks.names]}::text[])
      ORDER BY health_checked_at NULLS FIRST LIMIT 1), false)`,
    run: () => checkHealth(deps),
  };
}

/** One round. Returns true when there may be more. */
export function checkHealth(deps: ProxyDeps): Promise<boolean> {
  return deps.networks.each((_, name) => checkAt(deps, name));
}

async function checkAt(deps: ProxyDeps, name: NetworkName): Promise<boolean> {
  const rows = await deps.db.proxy.findMany({
    where: {
      network: name,
      state: 'active',
      OR: [{ health_checked_at: null }, { health_checked_at: { lt: checkedBefore(deps) } }],
    },
    orderBy: { health_checked_at: { sort: 'asc', nulls: 'first' } },
    take: ROUND_MAX,
  });
  if (rows.length === 0) return false;
  const limit = AbortSignal.timeout(BEGIN_LIMIT_MS);
  await recordHealth(deps, await deps.checks.check(rows.map(proxyOfRow), null, limit));
  return rows.length === ROUND_MAX;
}

function checkedBefore({ service }: Pick<ProxyDeps, 'service'>): Date {
  return new Date(service.clock.nowMs() - AGAIN_AFTER_MS);
}

/** What could not be tried keeps what its last check found, and is tried again when the others had their turn. */
export async function recordHealth(deps: ProxyDeps, checked: readonly Checked[]): Promise<void> {
  const rows = checked.map(({ id, isHealthy, latencyMs, country }) => ({
    id,
    ok: isHealthy,
    latency: latencyMs,
    country,
  }));
  // Raw SQL: each proxy gets different values.
  await deps.service.db.platform.$executeRaw(sql`
    WITH held AS MATERIALIZED (
      SELECT x.* FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS x(id text, ok boolean, latency int, country text)
      JOIN proxy.proxy p ON p.id = x.id ORDER BY p.id FOR NO KEY UPDATE OF p)
    UPDATE proxy.proxy p SET health_ok = coalesce(x.ok, p.health_ok),
      health_latency_ms = CASE WHEN x.ok IS NULL THEN p.health_latency_ms ELSE x.latency END,
      health_country = CASE WHEN x.ok IS NULL THEN p.health_country ELSE x.country END,
      health_checked_at = ${deps.service.clock.now()}
    FROM held x WHERE p.id = x.id`);
}
