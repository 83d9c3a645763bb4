// The audit rules of traffic: what was used, what was counted and what nodes hold agree to the byte.
import { sql, type Sql } from '@lumi/shared/db';

/** What was counted for each subject, hours that are kept no longer included. */
const COUNTED = sql`(SELECT subject, sum(bytes)::bigint AS bytes FROM (
    SELECT subject, bytes_up + bytes_down AS bytes FROM proxy.usage_hour
    UNION ALL SELECT subject, bytes FROM proxy.usage_forgotten) x GROUP BY 1)`;

export const USAGE_RULES: readonly (readonly [string, Sql])[] = [
  [
    'what a plan or a sub-user has used is the sum of its hours; a plan has used what its deleted sub-users did',
    sql`
    SELECT x.id AS subject, 'used ' || x.used || ', counted ' || x.counted AS detail FROM (
      SELECT t.id, t.bytes_used AS used, coalesce(c.bytes, 0) + coalesce((SELECT sum(d.bytes) FROM proxy.subuser s
        JOIN ${COUNTED} d ON d.subject = s.id WHERE s.plan_id = t.id AND s.status = 'deleted'), 0) AS counted
      FROM proxy.traffic_plan t LEFT JOIN ${COUNTED} c ON c.subject = t.id
      UNION ALL
      SELECT s.id, s.bytes_used, coalesce(c.bytes, 0) FROM proxy.subuser s LEFT JOIN ${COUNTED} c ON c.subject = s.id
      WHERE s.status <> 'deleted') x WHERE x.used <> x.counted`,
  ],
  [
    'the hours hold what the batches billed',
    sql`
    SELECT 'usage' AS subject, 'hours ' || h.bytes || ', batches ' || b.bytes AS detail
    FROM (SELECT coalesce(sum(bytes), 0) AS bytes FROM ${COUNTED} c) h,
      (SELECT coalesce(sum(bytes), 0) AS bytes FROM proxy.usage_epoch) b WHERE h.bytes <> b.bytes`,
  ],
  [
    'what a quota has handed out is what the leases of its nodes hold, and both together are within it',
    sql`
    SELECT q.holder AS subject, 'handed out ' || max(q.leased) || ', leases hold ' ||
      coalesce(sum(e.granted - e.used), 0) || ', used ' || max(q.used) || ' of ' || max(q.total) AS detail
    FROM proxy.quota q LEFT JOIN proxy.lease e ON e.subject = q.subject GROUP BY q.holder
    HAVING max(q.leased) <> coalesce(sum(e.granted - e.used), 0)
      OR (max(q.leased) > 0 AND max(q.used) + max(q.leased) > max(q.total))`,
  ],
  [
    'a plan knows what its sub-users have used and hold',
    sql`
    SELECT p.id AS subject, 'sub-users used ' || p.subusers_used || ' and hold ' || p.subusers_leased ||
      ', by their rows ' || coalesce(sum(s.bytes_used), 0) || ' and ' || coalesce(sum(s.bytes_leased), 0) AS detail
    FROM proxy.traffic_plan p LEFT JOIN proxy.subuser s ON s.plan_id = p.id AND s.status <> 'deleted' GROUP BY p.id
    HAVING p.subusers_used <> coalesce(sum(s.bytes_used), 0) OR p.subusers_leased <> coalesce(sum(s.bytes_leased), 0)`,
  ],
  [
    'only a process that may come back holds leases',
    sql`
    SELECT e.source AS subject, 'epoch ' || e.epoch || ' is closed and holds ' || sum(e.granted - e.used) AS detail
    FROM proxy.lease e JOIN proxy.usage_epoch u ON u.source = e.source AND u.epoch = e.epoch
    WHERE u.closed_at IS NOT NULL GROUP BY e.source, e.epoch`,
  ],
];
