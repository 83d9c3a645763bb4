// Proxies, plans and sub-users that an operator has stopped. The change, the event for the customer and the new version
// of access are one statement, in the transaction of the operator's act.
// Raw SQL: as said, and three tables.
import { rawSql, sql, type SqlRunner } from '@lumi/shared/db';
import { syncEvents } from '@lumi/shared/sync';
import type { EventDraft } from '@lumi/shared/purchase';
import type { AccessTable } from './access';

export interface Suspended {
  readonly id: string;
  readonly account_id: string;
  readonly before: string | null;
}

/** `reason` null: it goes on. Null: there is no such object, or it is over. What is so already changes nothing. */
export async function setSuspended(
  db: SqlRunner,
  table: AccessTable,
  id: string,
  { reason, event, now }: { readonly reason: string | null; readonly event: EventDraft; readonly now: Date },
): Promise<Suspended | null> {
  const name = rawSql(`proxy.${table}`);
  // An expired plan is topped up again.
  const isThere = {
    proxy: sql`AND state = 'active' AND grace_until > ${now}::timestamptz`,
    subuser: sql`AND status <> 'deleted'`,
    traffic_plan: sql``,
  }[table];
  // A sub-user stands still with its plan: its access is sent again too.
  const also =
    table === 'traffic_plan'
      ? sql`, subusers AS (UPDATE proxy.subuser s SET access_version = s.access_version + 1 FROM written
          WHERE s.plan_id = written.id AND s.status <> 'deleted')`
      : sql``;
  const rows = await db.$queryRaw<Suspended[]>(sql`
    WITH found AS MATERIALIZED (SELECT id, account_id, suspended_for AS before FROM ${name} WHERE id = ${id}
      ${isThere} FOR NO KEY UPDATE),
    written AS (UPDATE ${name} t SET suspended_for = ${reason}::text, access_version = t.access_version + 1,
      updated_at = ${now} FROM found WHERE t.id = found.id AND found.before IS DISTINCT FROM ${reason}::text
      RETURNING t.id, t.account_id)${also}
    SELECT found.*, ${syncEvents(sql`written`, 'proxy', [event], now)} AS told FROM found`);
  return rows[0] ?? null;
}
