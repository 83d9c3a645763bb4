// Usage by hour: what callers read, and what is kept no longer. batches.ts writes it.
import { joinSql, sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';

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
 * Deltas that a process of the release before has written, and hours and unplaced lines that are kept no longer. True
 * when there may be more.
 */
export async function forgetUsage(db: SqlRunner, limit: number): Promise<boolean> {
  // Raw SQL: a bounded delete, by place in the table.
  const deltas = await db.$executeRaw(sql`
    DELETE FROM proxy.usage_delta WHERE ctid IN (SELECT ctid FROM proxy.usage_delta
      WHERE at < now() - platform.kept_for('usage delta') ORDER BY at LIMIT ${limit}::int)`);
  // Raw SQL: a function.
  const [hours] = await db.$queryRaw<{ count: number }[]>(sql`SELECT proxy.forget_usage(${limit}::int) AS count`);
  // Raw SQL: a function.
  const [lines] = await db.$queryRaw<{ count: number }[]>(
    sql`SELECT proxy.forget_usage_unplaced(${limit}::int) AS count`,
  );
  return deltas === limit || hours?.count === limit || lines?.count === limit;
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
