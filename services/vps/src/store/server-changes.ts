// Changes of a server's row that need no supplier.
import { joinSql, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { JsonObject } from '@lumi/shared/purchase';
import type { PrismaClient } from '../generated/db/client';

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
  // Raw SQL: it also runs in the transaction that writes the audit log.
  if (columns.length > 0) await db.$executeRaw(sql`UPDATE vps.server SET ${joinSql(columns, ', ')} WHERE id = ${id}`);
}

type ServerTable = Pick<PrismaClient, 'server'>;

/** False: a renewal has paid for it, or is open. */
export async function forgetNextPeriod(db: ServerTable, id: string): Promise<boolean> {
  const { count } = await db.server.updateMany({
    where: { id, next_plan_from: null, renewing: null },
    data: { next_plan_id: null, next_period_months: null },
  });
  return count === 1;
}

/** It will be deleted when it expires, and is not renewed automatically. */
export async function planDeletion(db: ServerTable, id: string): Promise<void> {
  await db.server.updateMany({
    where: { id, lifecycle: { in: ['active', 'grace'] } },
    data: { delete_at_expiry: true, auto_renew: false },
  });
}

export async function takeBackDeletion(db: ServerTable, id: string): Promise<void> {
  await db.server.updateMany({
    where: { id, lifecycle: { in: ['active', 'grace'] } },
    data: { delete_at_expiry: false },
  });
}
