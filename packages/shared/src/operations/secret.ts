// Secrets that an operation makes and that are shown once (a root password). Stored sealed, bound to the operation's id; gone after
// they were shown.
import { sql, type Sql, type SqlRunner } from '../db';
import { openSecret, sealSecret } from '../keys';
import type { SecretRing } from '../runtime';

export interface SecretOwner {
  readonly operationId: string;
  readonly accountId: string;
  readonly product: string;
}

/** A rider for the statement that starts the operation; `source` is its condition, such as `FROM started WHERE started.outcome = 'started'`. */
export function keepSecret(ring: SecretRing, owner: SecretOwner, secret: string, source: Sql): Sql {
  return sql`INSERT INTO platform.operation_secret (operation_id, account_id, product, sealed)
    SELECT ${owner.operationId}, ${owner.accountId}, ${owner.product}, ${new Uint8Array(sealSecret(ring, owner.operationId, secret))}::bytea ${source}`;
}

/** For the supplier call: reads without counting as shown. Null when there is none (any more). */
export async function peekSecret(db: SqlRunner, ring: SecretRing, operationId: string): Promise<string | null> {
  const rows = await db.$queryRaw<{ sealed: Uint8Array }[]>(sql`SELECT sealed FROM platform.operation_secret WHERE operation_id = ${operationId}`);
  return rows[0] === undefined ? null : openSecret(ring, operationId, rows[0].sealed);
}

/** Shows it, once: null for every later request. */
export async function takeSecret(db: SqlRunner, ring: SecretRing, owner: SecretOwner, requestId: string): Promise<string | null> {
  const rows = await db.$queryRaw<{ sealed: Uint8Array | null }[]>(sql`
    SELECT platform.operation_secret_take(${owner.operationId}, ${owner.accountId}, ${owner.product}, ${requestId}) AS sealed`);
  const sealed = rows[0]?.sealed ?? null;
  return sealed === null ? null : openSecret(ring, owner.operationId, sealed);
}

export async function forgetSecrets(db: SqlRunner, limit: number): Promise<number> {
  const rows = await db.$queryRaw<{ forgotten: number }[]>(sql`SELECT platform.operation_secret_forget(${limit}::int) AS forgotten`);
  return rows[0]?.forgotten ?? 0;
}
