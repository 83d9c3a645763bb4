// An object is synced for its owner at most once a minute. One table stores the time of its last request, so the limit
// applies across all processes.
import { AppError, type Product } from '../../ground/contract';
import { sql, type PlatformClient, type SqlRunner } from '../../base/db';

const EVERY_MS = 60_000;
/** Each request deletes a few expired turns of others, more than it adds. */
const FORGET_MAX = 10;

/** `thing`: the kind and the object, such as `proxy prx_…` or `hosts of example.com`. */
export interface Turn {
  readonly product: Product;
  readonly thing: string;
}

/** Throws 429 with the time after which the next request passes. */
export async function takeTurn(db: SqlRunner, { product, thing }: Turn, now: Date): Promise<void> {
  const before = new Date(now.getTime() - EVERY_MS);
  // Raw SQL: one statement takes the turn only if the last one is over.
  const rows = await db.$queryRaw<{ taken: boolean; asked_at: Date | null }[]>(sql`
    WITH taken AS (
      INSERT INTO platform.sync_turn AS t (product, thing, asked_at) VALUES (${product}, ${thing}, ${now}::timestamptz)
      ON CONFLICT (product, thing) DO UPDATE SET asked_at = excluded.asked_at WHERE t.asked_at <= ${before}::timestamptz
        RETURNING 1),
    forgotten AS (
      DELETE FROM platform.sync_turn f WHERE f.ctid IN (
        SELECT o.ctid FROM platform.sync_turn o WHERE o.product = ${product} AND o.asked_at <= ${before}::timestamptz
          AND o.thing <> ${thing} ORDER BY o.asked_at LIMIT ${FORGET_MAX}::int FOR UPDATE SKIP LOCKED))
    SELECT EXISTS (SELECT 1 FROM taken) AS taken, (SELECT asked_at FROM platform.sync_turn WHERE product = ${product}
      AND thing = ${thing}) AS asked_at`);
  const { taken = false, asked_at: askedAt = null } = rows[0] ?? {};
  if (!taken) throw tooSoon(askedAt === null ? EVERY_MS : askedAt.getTime() + EVERY_MS - now.getTime());
}

/** The sync failed, so it does not count. */
export async function giveTurnBack(
  db: Pick<PlatformClient, 'syncTurn'>,
  { product, thing }: Turn,
  now: Date,
): Promise<void> {
  await db.syncTurn.deleteMany({ where: { product, thing, asked_at: now } });
}

function tooSoon(leftMs: number): AppError {
  return new AppError(
    'rate_limited',
    "This was synced less than a minute ago; try again after the seconds in 'Retry-After'.",
    { retryAfterS: leftMs / 1000, limit: { name: 'sync', tokens: 1, periodMs: EVERY_MS } },
  );
}
