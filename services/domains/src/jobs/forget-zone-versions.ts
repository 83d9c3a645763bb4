// Deletes versions of zones that are kept no longer (packages/shared/src/house-keeping/retention/README.md), in steps
// of few rows.
import { sql } from '@lumi/shared/db';
import type { DomainsDeps } from '../deps';

const ROUND_MAX = 500;

/** One round. Returns true when there may be more. */
export async function forgetZoneVersions(
  { service }: Pick<DomainsDeps, 'service'>,
  rows = ROUND_MAX,
): Promise<boolean> {
  // Raw SQL: rows are locked, and locked ones are skipped.
  const gone = await service.db.platform.$executeRaw(sql`
    WITH due AS MATERIALIZED (SELECT seq FROM domains.zone_version
      WHERE created_at < now() - platform.kept_for('zone version') ORDER BY created_at LIMIT ${rows}::int
      FOR UPDATE SKIP LOCKED)
    DELETE FROM domains.zone_version v USING due WHERE v.seq = due.seq`);
  return gone === rows;
}
