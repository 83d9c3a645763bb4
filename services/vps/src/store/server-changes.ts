// Changes of a server's row that need no supplier.
import { joinSql, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { JsonObject } from '@lumi/shared/purchase';

export interface ServerPatch {
  readonly label?: string | null | undefined;
  readonly auto_renew?: boolean | undefined;
  readonly protection?: boolean | undefined;
  readonly reference?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | null | undefined;
}

export async function patchServer(db: SqlRunner, id: string, patch: ServerPatch): Promise<void> {
  const columns: Sql[] = [];
  if (patch.label !== undefined) columns.push(sql`label = ${patch.label}::text`);
  if (patch.auto_renew !== undefined) columns.push(sql`auto_renew = ${patch.auto_renew}`);
  if (patch.protection !== undefined) columns.push(sql`protection = ${patch.protection}`);
  if (patch.reference !== undefined) columns.push(sql`reference = ${patch.reference}::text`);
  if (patch.tags !== undefined) columns.push(sql`tags = ${[...patch.tags]}::text[]`);
  if (patch.metadata !== undefined)
    columns.push(sql`metadata = ${patch.metadata === null ? null : JSON.stringify(patch.metadata)}::jsonb`);
  if (columns.length > 0) await db.$executeRaw(sql`UPDATE vps.server SET ${joinSql(columns, ', ')} WHERE id = ${id}`);
}

/** False: a renewal has paid for it, or is open. */
export async function forgetNextPeriod(db: SqlRunner, id: string): Promise<boolean> {
  return (
    (await db.$executeRaw(
      sql`UPDATE vps.server SET next_plan_id = NULL, next_period_months = NULL WHERE id = ${id}
        AND next_plan_from IS NULL AND renewing IS NULL`,
    )) === 1
  );
}

/** It will be deleted when it expires, and is not renewed automatically. */
export async function planDeletion(db: SqlRunner, id: string): Promise<void> {
  await db.$executeRaw(
    sql`UPDATE vps.server SET delete_at_expiry = true, auto_renew = false WHERE id = ${id}
      AND lifecycle IN ('active', 'grace')`,
  );
}

export async function takeBackDeletion(db: SqlRunner, id: string): Promise<void> {
  await db.$executeRaw(
    sql`UPDATE vps.server SET delete_at_expiry = false WHERE id = ${id} AND lifecycle IN ('active', 'grace')`,
  );
}
