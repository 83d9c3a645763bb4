// Usage: each counter delta is stored once, even when a gateway sends it twice. Reads are by hour.
import { joinSql, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import type { PrismaClient } from '../generated/db/client';
import type { UsageDelta } from '../supplier/proxy-network';

export const USAGE_GROUPS = ['hour', 'day', 'proxy', 'subuser', 'country', 'target'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

export interface UsageRow {
  readonly key: string;
  readonly bytes_up: bigint;
  readonly bytes_down: bigint;
  readonly requests: bigint;
  readonly errors: bigint;
}

/**
 * One statement writes which deltas are new, their hours, the use of plans and sub-users, and the position after them.
 */
export async function takeUsage(
  db: SqlRunner,
  network: string,
  deltas: readonly UsageDelta[],
  position: string,
  now: Date,
): Promise<number> {
  const rows = deltas.map((delta) => ({
    gateway: delta.gateway,
    connection: delta.connection,
    number: delta.seq,
    subject: delta.subject,
    at: delta.at.toISOString(),
    country: delta.country,
    target: delta.target,
    up: delta.bytesUp,
    down: delta.bytesDown,
    requests: delta.requests,
    errors: delta.errors,
  }));
  // Raw SQL: one statement, under locks.
  const taken = await db.$queryRaw<{ count: number }[]>(sql`
    WITH sent AS (
      SELECT DISTINCT ON (gateway, connection, number) * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS x(gateway text, connection text, number bigint, subject text, at timestamptz, country text, target text,
          up bigint, down bigint, requests bigint, errors bigint)
    ), fresh AS (
      INSERT INTO proxy.usage_delta (gateway, connection, number, at) SELECT gateway, connection, number, at FROM sent
      ON CONFLICT DO NOTHING RETURNING gateway, connection, number
    ), counted AS (
      SELECT s.*, o.account_id, o.plan_id FROM sent s JOIN fresh f USING (gateway, connection, number) JOIN (
        SELECT id, account_id, NULL AS plan_id FROM proxy.proxy
        UNION ALL SELECT id, account_id, id FROM proxy.traffic_plan
        UNION ALL SELECT id, account_id, plan_id FROM proxy.subuser) o ON o.id = s.subject
    ), hours AS (
      INSERT INTO proxy.usage_hour AS h
        (account_id, hour, subject, country, target, bytes_up, bytes_down, requests, errors)
      SELECT account_id, date_trunc('hour', at, 'UTC'), subject, country, target, sum(up), sum(down),
        sum(requests), sum(errors)
      FROM counted GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT (account_id, hour, subject, country, target) DO UPDATE SET
        bytes_up = h.bytes_up + excluded.bytes_up, bytes_down = h.bytes_down + excluded.bytes_down,
        requests = h.requests + excluded.requests, errors = h.errors + excluded.errors
    ), used AS (
      SELECT subject, sum(up + down)::bigint AS bytes FROM counted WHERE plan_id IS NOT NULL GROUP BY subject
    ), plans AS MATERIALIZED (
      -- Plans before sub-users, as everybody locks them.
      SELECT p.id FROM proxy.traffic_plan p WHERE p.id IN (SELECT plan_id FROM counted) ORDER BY p.id FOR NO KEY UPDATE
    ), by_plan AS (
      UPDATE proxy.traffic_plan p SET bytes_used = p.bytes_used + u.bytes, updated_at = ${now},
        access_version = p.access_version
          + CASE WHEN p.bytes_used + u.bytes + p.bytes_allocated >= p.bytes_total THEN 1 ELSE 0 END
      FROM used u, plans WHERE p.id = u.subject AND plans.id = p.id
    ), by_subuser AS (
      UPDATE proxy.subuser s SET bytes_used = s.bytes_used + u.bytes, updated_at = ${now},
        access_version = s.access_version + CASE WHEN s.bytes_used + u.bytes >= s.bytes_limit THEN 1 ELSE 0 END
      FROM used u, plans WHERE s.id = u.subject AND plans.id = s.plan_id
    ), moved AS (
      INSERT INTO proxy.usage_position (network, position) VALUES (${network}, ${position})
      ON CONFLICT (network) DO UPDATE SET position = excluded.position
    )
    SELECT count(*)::int AS count FROM fresh`);
  return taken[0]?.count ?? 0;
}

export async function usagePosition(db: Pick<PrismaClient, 'usagePosition'>, network: string): Promise<string | null> {
  return (await db.usagePosition.findUnique({ where: { network } }))?.position ?? null;
}

/** Deltas so old that no gateway sends them again, and hours that are kept no longer. True when there may be more. */
export async function forgetUsage(db: SqlRunner, limit: number): Promise<boolean> {
  // Raw SQL: a bounded delete, by place in the table.
  const deltas = await db.$executeRaw(sql`
    DELETE FROM proxy.usage_delta WHERE ctid IN (SELECT ctid FROM proxy.usage_delta
      WHERE at < now() - platform.kept_for('usage delta') ORDER BY at LIMIT ${limit}::int)`);
  // Raw SQL: a function.
  const [hours] = await db.$queryRaw<{ count: number }[]>(sql`SELECT proxy.forget_usage(${limit}::int) AS count`);
  return deltas === limit || hours?.count === limit;
}

interface UsageRange {
  readonly from: Date;
  readonly to: Date;
  readonly subject: string | null;
  readonly group: UsageGroup;
}

interface UsageTotals {
  readonly all_up: bigint;
  readonly all_down: bigint;
  readonly all_requests: bigint;
  readonly all_errors: bigint;
}

interface Usage {
  readonly rows: readonly UsageRow[];
  /** Of the whole range, not of the page. */
  readonly totals: Omit<UsageRow, 'key'>;
}

/**
 * Hours and days in their order, all else by most usage first. `after`: the bytes and the key of the last row of the
 * page before.
 */
export async function readUsage(
  db: SqlRunner,
  reach: Reach,
  range: UsageRange,
  page: { readonly limit: number; readonly after: readonly string[] | null },
): Promise<Usage> {
  const conditions = [
    sql`hour >= ${range.from} AND hour < ${range.to}`,
    ...(reach.kind === 'account' ? [sql`account_id = ${reach.accountId}`] : []),
    ...(range.subject === null ? [] : [sql`subject = ${range.subject}`]),
    ...(range.group === 'proxy' ? [sql`subject LIKE 'prx\\_%'`] : []),
    ...(range.group === 'subuser' ? [sql`subject LIKE 'sub\\_%'`] : []),
  ];
  const isTime = range.group === 'hour' || range.group === 'day';
  const order = isTime ? sql`key` : sql`bytes_up + bytes_down DESC, key`;
  const [bytes = '0', key = ''] = page.after ?? [];
  const behind = isTime
    ? sql`key > ${key}`
    : sql`bytes_up + bytes_down < ${bytes}::bigint OR (bytes_up + bytes_down = ${bytes}::bigint AND key > ${key})`;
  // Raw SQL: sums grouped by the caller's choice, with the totals of all.
  const rows = await db.$queryRaw<(UsageTotals & (UsageRow | { readonly key: null }))[]>(sql`
    WITH used AS MATERIALIZED (
      SELECT ${keyOf(range.group)} AS key, sum(bytes_up)::bigint AS bytes_up, sum(bytes_down)::bigint AS bytes_down,
        sum(requests)::bigint AS requests, sum(errors)::bigint AS errors
      FROM proxy.usage_hour WHERE ${joinSql(conditions, ' AND ')} GROUP BY 1
    ), shown AS (
      SELECT * FROM used ${
        page.after === null
          ? sql``
          : sql`WHERE
        ${behind}`
      } ORDER BY ${order}
        LIMIT ${page.limit}::int
    )
    SELECT s.*, t.all_up, t.all_down, t.all_requests, t.all_errors
    FROM (SELECT coalesce(sum(bytes_up), 0)::bigint AS all_up, coalesce(sum(bytes_down), 0)::bigint AS all_down,
      coalesce(sum(requests), 0)::bigint AS all_requests, coalesce(sum(errors), 0)::bigint AS all_errors FROM used) t
    LEFT JOIN shown s ON true ORDER BY ${order}`);
  const [{ all_up = 0n, all_down = 0n, all_requests = 0n, all_errors = 0n } = {}] = rows as Partial<UsageTotals>[];
  return {
    rows: rows.filter((row) => row.key !== null),
    totals: { bytes_up: all_up, bytes_down: all_down, requests: all_requests, errors: all_errors },
  };
}

function keyOf(group: UsageGroup): Sql {
  switch (group) {
    case 'hour':
      return sql`to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"')`;
    case 'day':
      return sql`to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;
    case 'proxy':
    case 'subuser':
      return sql`subject`;
    case 'country':
      return sql`country`;
    case 'target':
      return sql`target`;
  }
}
