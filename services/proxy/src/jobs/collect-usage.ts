// Stores the network's usage counters, as batches of its cursor. The position is written together with the batch, so
// nothing is counted twice or skipped.
import { counter } from '@lumi/shared/monitoring';
import { cursorOf, takeFromCursor, type BatchOutcome, type Cursor } from '../store/batches';
import { tellPlansOf } from '../store/plan-limits';
import type { ProxyDeps } from '../deps';

/** The row of the position keeps the name that it had when there was one network. */
const CURSOR: Cursor = { source: 'sandbox', epoch: 1, name: 'default' };
const ROUND_MAX = 1_000;
const CALL_LIMIT_MS = 8_000;

const unplaced = counter(
  'lumi_proxy_usage_unplaced_total',
  'Lines of usage for a subject that nobody knows: kept, and billed to nobody.',
  ['source'],
);

/** One round. Returns true when there may be more. */
export async function collectUsage(deps: ProxyDeps): Promise<boolean> {
  const before = await cursorOf(deps.db, CURSOR);
  const { lines, position } = await deps.network.usageAfter(
    before.position,
    ROUND_MAX,
    AbortSignal.timeout(CALL_LIMIT_MS),
  );
  if (lines.length > 0 && position !== null) {
    const { db, clock } = deps.service;
    const batch = { seq: before.seq + 1, lines, position };
    reportUnplaced(deps, CURSOR.source, await takeFromCursor(db, CURSOR, batch, clock.now()));
    await tellPlansOf(db, new Set(lines.map(({ subject }) => subject)), clock.now());
  }
  return lines.length === ROUND_MAX;
}

/** A line for a subject that nobody knows is kept; an operator must find out why it came. */
export function reportUnplaced({ service }: Pick<ProxyDeps, 'service'>, source: string, taken: BatchOutcome): void {
  if (taken.outcome !== 'taken' || taken.unknown === 0) return;
  unplaced.of({ source: source === CURSOR.source ? source : 'node' }).add(taken.unknown);
  service.log.error('usage came for a subject that nobody knows; it is kept in usage_unplaced', {
    source,
    lines: taken.unknown,
    alert: true,
  });
}
