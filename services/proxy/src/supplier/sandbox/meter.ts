// Traffic in the sandbox: every proxy, plan or sub-user whose note is `sandbox:traffic` uses the same amount every five
// minutes. All others use nothing, so that a test sees exactly the bytes it requested. Where a node carries real
// traffic nothing is made up beside it.
import { seqAfter, sql, type Database } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';
import type { PrismaClient } from '../../generated/db/client';
import { SILENT_MS } from '../../store/nodes';
import type { UsageLine } from '../proxy-network';

export const METER_EVERY_MS = 300_000;
export const METER_BYTES_UP = 2_000_000;
export const METER_BYTES_DOWN = 48_000_000;
const REQUESTS = 120;
const ERRORS = 1;
/** After a long pause the meter makes up this many intervals a round. */
const INTERVALS_MAX = 24;
const TARGETS = ['example.com', 'example.net', 'example.org'];

export class SandboxMeter {
  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly tables: Pick<PrismaClient, 'sandboxUsage'>,
    private readonly clock: Clock,
  ) {}

  async usageAfter(
    position: string | null,
    limit: number,
  ): Promise<{ lines: readonly UsageLine[]; position: string | null }> {
    if (!(await this.isUsed(position))) return { lines: [], position };
    await this.tick();
    const rows = await this.tables.sandboxUsage.findMany({
      where: seqAfter({ afterSeq: position }),
      orderBy: { seq: 'asc' },
      take: limit,
    });
    const lines = rows.map((row) => ({
      subject: row.subject,
      at: row.at,
      country: row.country,
      target: row.target,
      bytesUp: Number(row.bytes_up),
      bytesDown: Number(row.bytes_down),
      requests: row.requests,
      errors: row.errors,
    }));
    return { lines, position: rows.at(-1)?.seq.toString() ?? position };
  }

  /** Nearly always nothing is: one statement says so. */
  private async isUsed(position: string | null): Promise<boolean> {
    // Raw SQL: two tables in one statement.
    const rows = await this.db.platform.$queryRaw<{ is_used: boolean }[]>(sql`
      SELECT EXISTS (SELECT 1 FROM proxy.sandbox_access WHERE note = 'sandbox:traffic')
        OR EXISTS (SELECT 1 FROM proxy.sandbox_usage WHERE seq > ${position ?? '0'}::bigint) AS is_used`);
    return rows[0]?.is_used !== false;
  }

  private async tick(): Promise<void> {
    const now = this.clock.now();
    // Raw SQL: two tables in one statement. What a node serves makes up nothing, then or later.
    const served = await this.db.platform.$executeRaw(sql`
      UPDATE proxy.sandbox_access SET metered_at = ${now} WHERE note = 'sandbox:traffic' AND EXISTS (
        SELECT 1 FROM proxy.node WHERE state <> 'retired' AND left_at IS NULL
          AND heard_at > ${new Date(now.getTime() - SILENT_MS)})`);
    if (served > 0) return;
    // Raw SQL: a series of moments for each subject, written and counted in one statement.
    await this.db.platform.$executeRaw(sql`
      WITH due AS (
        SELECT a.subject, g.at FROM proxy.sandbox_access a
        CROSS JOIN LATERAL (
          SELECT a.metered_at + make_interval(secs => ${METER_EVERY_MS / 1000}::float8 * n) AS at
            FROM generate_series(1, ${INTERVALS_MAX}::int) n) g
        WHERE a.note = 'sandbox:traffic' AND a.is_enabled AND g.at <= ${now}::timestamptz
          AND NOT EXISTS (SELECT 1 FROM proxy.quota q WHERE q.subject = a.subject
            AND (q.used >= q.total OR q.room <= 0))
      ), added AS (
        INSERT INTO proxy.sandbox_usage (subject, at, country, target, bytes_up, bytes_down, requests, errors)
        SELECT subject, at, 'XA', (${TARGETS}::text[])[1 + (extract(epoch
          FROM at)::bigint / ${METER_EVERY_MS / 1000}::bigint) % ${TARGETS.length}::int],
               ${METER_BYTES_UP}::bigint, ${METER_BYTES_DOWN}::bigint, ${REQUESTS}::int, ${ERRORS}::int FROM due
        ON CONFLICT DO NOTHING
      )
      UPDATE proxy.sandbox_access a SET metered_at = d.last FROM (SELECT subject, max(at) AS last FROM due
        GROUP BY subject) d WHERE a.subject = d.subject`);
  }
}
