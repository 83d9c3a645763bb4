// One thing, now, for its owner.
import { AppError, assertNever, newId, notFound } from '../../ground/contract';
import { sql, type Database, type Sql } from '../../base/db';
import { busyWith } from '../operations';
import type { EventDraft } from '../purchase';
import type { Clock } from '../../ground/runtime';
import { giveTurnBack, takeTurn, type Turn } from './turn';

/** How the sync of one thing ended, for the count of many. */
export type SyncEnd = 'same' | 'changed' | 'missing' | 'busy' | 'unknown' | 'gone';

export type Synced<R> =
  | { readonly kind: 'same' | 'changed' | 'missing'; readonly row: R }
  /** An order or operation on it will change it; its id, when it is known. */
  | { readonly kind: 'busy'; readonly operationId: string | null }
  /** The supplier did not answer. */
  | { readonly kind: 'unknown'; readonly cause?: unknown }
  /** There is no such object (any more). */
  | { readonly kind: 'gone' };

const ASK_AGAIN_S = 5;

/**
 * The present row. Throws 429 within a minute of the last sync, 409 while an order or operation is open on it, 503 when
 * the supplier does not answer.
 */
export async function syncOnce<R>(
  { db: { platform: db }, clock }: { readonly db: Pick<Database, 'platform'>; readonly clock: Clock },
  turn: Turn,
  work: () => Promise<Synced<R>>,
): Promise<R> {
  const now = clock.now();
  await takeTurn(db, turn, now);
  const synced = await work();
  switch (synced.kind) {
    case 'same':
    case 'changed':
    case 'missing':
      return synced.row;
    case 'busy':
      await giveTurnBack(db, turn, now);
      throw busyWith(synced.operationId);
    case 'unknown':
      await giveTurnBack(db, turn, now);
      throw new AppError(
        'service_unavailable',
        'It could not be found out how this stands right now; try again shortly.',
        { retryAfterS: ASK_AGAIN_S, cause: synced.cause },
      );
    case 'gone':
      throw notFound();
    default:
      return assertNever(synced);
  }
}

/**
 * A column for the statement that writes: inserts these events, with the key that caused them. `of` is a CTE with the
 * column `account_id` and one row or none.
 */
export function syncEvents(
  of: Sql,
  product: string,
  events: readonly (EventDraft & { readonly actor?: string | null })[],
  now: Date,
): Sql {
  if (events.length === 0) return sql`NULL::text`;
  const rows = events.map((event) => ({ id: newId('evt', now.getTime()), ...event }));
  return sql`(SELECT platform.emit_events(written.account_id, ${product}, ${JSON.stringify(rows)}::jsonb)::text
    FROM ${of} AS written)`;
}
