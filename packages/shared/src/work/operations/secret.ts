// Secrets that an operation makes (a root password). Stored sealed, bound to the operation's id; to be read for a day
// after the operation has ended, or until its owner has it forgotten. A GET takes nothing away: its answer may be lost
// on the way.
import { rider, sql, type AnyStepDone, type PlatformClient, type RiderOf, type SqlRunner } from '../../base/db';
import { openSecret, sealSecret } from '../../base/keys';
import type { SecretRing } from '../../ground/runtime';
import { DAY_MS } from '../../ground/times';

/** The function `operation_secret_forget` has the same value in SQL. */
const READABLE_MS = DAY_MS;

export interface SecretOwner {
  readonly operationId: string;
  readonly accountId: string;
  readonly product: string;
}

/** A rider for the statement that starts the operation, or holds the money for it. */
export function keepSecret<Done extends AnyStepDone>(
  ring: SecretRing,
  owner: SecretOwner,
  secret: string,
  source: Done,
): RiderOf<Done> {
  return rider`INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed)
    SELECT ${owner.operationId}, ${owner.accountId}, ${owner.product},
      ${new Uint8Array(sealSecret(ring, owner.operationId, secret))}::bytea ${source}`;
}

/** For the supplier call: reads the secret without marking it as shown. Null when there is none (any more). */
export async function peekSecret(
  db: Pick<PlatformClient, 'operationSecret'>,
  ring: SecretRing,
  operationId: string,
): Promise<string | null> {
  const row = await db.operationSecret.findUnique({ where: { operation_id: operationId }, select: { sealed: true } });
  return row === null ? null : openSecret(ring, operationId, row.sealed);
}

export interface ShownSecret {
  readonly secret: string;
  readonly until: Date;
}

/** For the answer. Null when there is none (any more). Reading deletes nothing. */
export async function readSecret(
  db: Pick<PlatformClient, 'operationSecret'>,
  ring: SecretRing,
  owner: SecretOwner,
  times: { finishedAt: Date; now: Date },
): Promise<ShownSecret | null> {
  const until = new Date(times.finishedAt.getTime() + READABLE_MS);
  if (times.now >= until) return null;
  const row = await db.operationSecret.findFirst({
    where: { operation_id: owner.operationId, account_id: owner.accountId, product: owner.product },
    select: { sealed: true },
  });
  return row === null ? null : { secret: openSecret(ring, owner.operationId, row.sealed), until };
}

/** The owner has the secret and deletes it. */
export async function wipeSecret(db: SqlRunner, owner: SecretOwner): Promise<void> {
  // Raw SQL: a function.
  await db.$queryRaw(
    sql`SELECT platform.operation_secret_wipe(${owner.operationId}, ${owner.accountId}, ${owner.product})`,
  );
}

/** Secrets of operations that ended longer ago than they may be read. */
export async function forgetSecrets(db: SqlRunner, limit: number): Promise<number> {
  // Raw SQL: a function.
  const rows = await db.$queryRaw<{ forgotten: number }[]>(
    sql`SELECT platform.operation_secret_forget(${limit}::int) AS forgotten`,
  );
  return rows[0]?.forgotten ?? 0;
}
