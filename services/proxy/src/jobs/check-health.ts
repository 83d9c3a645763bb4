// Checks live proxies in turn, starting with the one whose last check is oldest.
import { sql } from '@lumi/shared/db';
import type { Loop } from '@lumi/shared/service';
import type { Health, NetworkName, ProxyNetwork } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

/** At each network. */
const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;
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
  return deps.networks.each((network, name) => checkAt(deps, network, name));
}

async function checkAt(deps: ProxyDeps, network: ProxyNetwork, name: NetworkName): Promise<boolean> {
  const rows = await deps.db.proxy.findMany({
    where: {
      network: name,
      state: 'active',
      OR: [{ health_checked_at: null }, { health_checked_at: { lt: checkedBefore(deps) } }],
    },
    select: { network_id: true },
    orderBy: { health_checked_at: { sort: 'asc', nulls: 'first' } },
    take: ROUND_MAX,
  });
  if (rows.length === 0) return false;
  await recordHealth(
    deps,
    await network.health(
      rows.map((row) => row.network_id),
      AbortSignal.timeout(CALL_LIMIT_MS),
    ),
  );
  return rows.length === ROUND_MAX;
}

function checkedBefore({ service }: Pick<ProxyDeps, 'service'>): Date {
  return new Date(service.clock.nowMs() - AGAIN_AFTER_MS);
}

export async function recordHealth(deps: ProxyDeps, seen: readonly Health[]): Promise<void> {
  const rows = seen.map((one) => ({
    network_id: one.networkId,
    ok: one.isHealthy,
    latency: one.latencyMs,
    country: one.exitCountry,
  }));
  // Raw SQL: each proxy gets different values.
  await deps.service.db.platform.$executeRaw(sql`
    UPDATE proxy.proxy p SET health_ok = x.ok, health_latency_ms = x.latency, health_country = x.country,
      health_checked_at = ${deps.service.clock.now()}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(network_id text, ok boolean, latency int, country text)
      WHERE p.network_id = x.network_id`);
}
