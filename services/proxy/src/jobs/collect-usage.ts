// Stores the usage counters of networks, as batches of the cursor of each. The position is written together with the
// batch, so nothing is counted twice or skipped.
import { counter } from '@lumi/shared/monitoring';
import { cursorOf, takeFromCursor, type BatchOutcome, type Cursor } from '../store/batches';
import { tellPlansOf } from '../store/plan-limits';
import { NETWORK_NAMES, type NetworkName, type ProxyNetwork } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';

/** A position keeps the name that it had when there was one network. */
const OLD_NAMES: Readonly<Partial<Record<NetworkName, string>>> = { sandbox: 'default' };
const ROUND_MAX = 1_000;
const CALL_LIMIT_MS = 8_000;

const unplaced = counter(
  'lumi_proxy_usage_unplaced_total',
  'Lines of usage for a subject that nobody knows: kept, and billed to nobody.',
  ['source'],
);

/** One round. Returns true when there may be more. */
export function collectUsage(deps: ProxyDeps): Promise<boolean> {
  return deps.networks.each((network, name) => collectFrom(deps, network, cursorAt(name)));
}

function cursorAt(network: NetworkName): Cursor {
  return { source: network, epoch: 1, name: OLD_NAMES[network] ?? network };
}

async function collectFrom(deps: ProxyDeps, network: ProxyNetwork, cursor: Cursor): Promise<boolean> {
  const before = await cursorOf(deps.service.db.platform, cursor);
  const { lines, position } = await network.usageAfter(before.position, ROUND_MAX, AbortSignal.timeout(CALL_LIMIT_MS));
  if (lines.length > 0 && position !== null) {
    const { db, clock } = deps.service;
    const batch = { seq: before.seq + 1, lines, position };
    reportUnplaced(deps, cursor.source, await takeFromCursor(db, cursor, batch, clock.now()));
    await tellPlansOf(db, new Set(lines.map(({ subject }) => subject)), clock.now());
  }
  return lines.length === ROUND_MAX;
}

/** A line for a subject that nobody knows is kept; an operator must find out why it came. */
export function reportUnplaced({ service }: Pick<ProxyDeps, 'service'>, source: string, taken: BatchOutcome): void {
  if (taken.outcome !== 'taken' || taken.unknown === 0) return;
  unplaced.of({ source: NETWORK_NAMES.find((name) => name === source) ?? 'node' }).add(taken.unknown);
  service.log.error('usage came for a subject that nobody knows; it is kept in usage_unplaced', {
    source,
    lines: taken.unknown,
    alert: true,
  });
}
