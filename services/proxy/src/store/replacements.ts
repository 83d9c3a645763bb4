// Reads of replacements: the old and the new proxy of each.
// Raw SQL: the pairs of each replacement come with it.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';

export interface ReplacementRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly order_id: string;
  readonly state: 'processing' | 'completed' | 'failed';
  readonly reason: string | null;
  readonly free: number;
  readonly paid: number;
  readonly created_at: Date;
  readonly done_at: Date | null;
  readonly removed: string[];
  readonly added: string[];
  readonly pairs: readonly {
    readonly old_proxy_id: string;
    readonly old_exit_ip: string;
    readonly new_proxy_id: string | null;
    readonly new_exit_ip: string | null;
  }[];
}

const PAIRS = sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('old_proxy_id', o.id, 'old_exit_ip', o.exit_ip, 'new_proxy_id', n.id,
    'new_exit_ip', n.exit_ip) ORDER BY x.position), '[]')
   FROM unnest(r.removed) WITH ORDINALITY AS x(id, position) JOIN proxy.proxy o ON o.id = x.id LEFT JOIN proxy.proxy n
     ON n.replaces = o.id AND n.id = ANY (r.added)) AS pairs`;

export async function listReplacements(
  db: SqlRunner,
  reach: Reach,
  page: { limit: number; beforeSeq: string | null },
): Promise<ReplacementRow[]> {
  return db.$queryRaw<ReplacementRow[]>(sql`
    SELECT r.*, ${PAIRS} FROM proxy.replacement r WHERE ${within(reach, 'r')}
      AND (${page.beforeSeq}::bigint IS NULL OR r.seq < ${page.beforeSeq}::bigint)
      ORDER BY r.seq DESC LIMIT ${page.limit + 1}::int`);
}

export async function findReplacement(db: SqlRunner, reach: Reach, id: string): Promise<ReplacementRow | null> {
  const rows = await db.$queryRaw<ReplacementRow[]>(
    sql`SELECT r.*, ${PAIRS} FROM proxy.replacement r WHERE r.id = ${id} AND ${within(reach, 'r')}`,
  );
  return rows[0] ?? null;
}
