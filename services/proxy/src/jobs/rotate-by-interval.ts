// Changes the exit address of proxies that asked for it by an interval, as their customers do on demand: an operation
// that is recovered, of which the guard starts one for each interval.
import { AppError, newId } from '@lumi/shared/contract';
import { sql, type Sql } from '@lumi/shared/db';
import { runOperation } from '@lumi/shared/operations';
import { elapsedMs } from '@lumi/shared/runtime';
import { findProduct } from '../catalogue/products';
import type { ProxyDeps } from '../deps';
import type { NetworkName } from '../supplier/proxy-network';
import { rotateProxyKind, takeCooldown } from '../tasks/rotate-proxy';

const ROUND_MAX = 100;
/** A network that does not answer takes a call's whole time for each. */
const ROUND_LIMIT_MS = 20_000;

interface Due {
  readonly id: string;
  readonly account_id: string;
  readonly product_id: string;
  readonly network: NetworkName;
  readonly network_id: string;
  readonly label: string | null;
}

/** One round. Returns true when there may be more. */
export async function rotateByInterval(deps: ProxyDeps): Promise<boolean> {
  const { db, clock, product, purchases } = deps.service;
  const kind = rotateProxyKind(deps);
  const untilMs = elapsedMs() + ROUND_LIMIT_MS;
  // Raw SQL: the end of an interval is computed.
  const rows = await db.platform.$queryRaw<Due[]>(sql`
    SELECT p.id, p.account_id, p.product_id, p.network, p.network_id, p.label FROM proxy.proxy p
    WHERE ${isDue(clock.now())} AND p.network = ANY (${[...deps.networks.names]}::text[])
    ORDER BY coalesce(p.rotated_at, p.starts_at), p.id LIMIT ${ROUND_MAX}::int`);
  for (const row of rows) {
    if (elapsedMs() > untilMs) return false;
    const now = clock.now();
    const cooldownS = findProduct(row.product_id)?.rotation?.cooldownS;
    if (cooldownS === undefined) continue;
    await runOperation(purchases, {
      kind,
      item: { network: row.network, network_id: row.network_id, note: row.label, by_interval: true },
      subject: row.id,
      accountId: row.account_id,
      product,
      lockKey: `rotate:${row.id}`,
      keyId: null,
      requestId: newId('req', now.getTime()),
      guard: takeCooldown(row.id, now, { cooldownS, also: isDue(now) }),
    }).catch((err: unknown) => {
      // Another worker or its customer was faster.
      if (!(err instanceof AppError && (err.code === 'state_conflict' || err.code === 'busy'))) throw err;
    });
  }
  return rows.length === ROUND_MAX;
}

/** Of the row `p`: its interval has passed, and nothing is against a change. */
function isDue(now: Date): Sql {
  return sql`p.state = 'active' AND p.rotation_s IS NOT NULL AND p.suspended_for IS NULL AND p.missing_since IS NULL
    AND p.expires_at > ${now} AND (p.cooldown_until IS NULL OR p.cooldown_until <= ${now})
    AND coalesce(p.rotated_at, p.starts_at) + make_interval(secs => p.rotation_s) <= ${now}::timestamptz`;
}
