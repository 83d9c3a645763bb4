// Looks for breaches on a schedule, one worker at a time for each part, and reports them: a row for the operators, and
// a log line with an alert. Raw SQL: functions.
import type { Loop, Service } from '../process';
import { sql } from '../../base/db';
import type { Check } from './check';

type ReconciliationDeps = Pick<Service, 'clock' | 'log'>;

const EVERY_MS = 15 * 60_000;
const AGAIN_AFTER_FAILURE_MS = 2 * 60_000;
const LEASE_MS = 10 * 60_000;
const LOOK_MS = 10_000;
/** Many breaches at once do not flood the log; the rows have the rest. */
const LOGGED_MAX = 20;
const REPORTED_MAX = 1_000;

export function reconciliationLoop(deps: ReconciliationDeps, checks: readonly Check[]): Loop {
  const scopes = checks.map(({ scope }) => scope);
  return {
    name: 'reconciliation',
    everyMs: LOOK_MS,
    // A part that was never looked at has no row.
    due: () => sql`(SELECT count(*) < ${scopes.length}::int FROM platform.reconciliation
      WHERE scope = ANY (${scopes}::text[]) AND next_at > ${deps.clock.now()}::timestamptz)`,
    run: async () => {
      for (const check of checks) await reconcileIfDue(deps, check);
      return false;
    },
  };
}

/** False: not due, or another worker has it. */
export async function reconcileIfDue(deps: ReconciliationDeps, check: Check): Promise<boolean> {
  const { clock, log } = deps;
  const taken = await check.db.$queryRaw<{ attempt: number | null }[]>(
    sql`SELECT platform.reconciliation_take(${check.scope}, ${clock.now()}::timestamptz, ${LEASE_MS}::int) AS attempt`,
  );
  const attempt = taken[0]?.attempt ?? null;
  if (attempt === null) return false;
  try {
    const breaches = (await check.find()).slice(0, REPORTED_MAX);
    const fresh = await report(deps, check, attempt, { breaches, failure: null });
    for (const { rule, subject, detail } of fresh.slice(0, LOGGED_MAX))
      log.error('reconciliation found a contradiction', { scope: check.scope, rule, subject, detail, alert: true });
    if (fresh.length > LOGGED_MAX)
      log.error('reconciliation found more contradictions than are logged', {
        scope: check.scope,
        found: fresh.length,
        alert: true,
      });
  } catch (err) {
    log.error('reconciliation could not look; it looks again soon', { scope: check.scope, err });
    await report(deps, check, attempt, {
      breaches: [],
      failure: err instanceof Error ? err.message.slice(0, 500) : 'unknown',
    });
  }
  return true;
}

interface FoundRow {
  readonly rule: string;
  readonly subject: string;
  readonly detail: string;
}

function report(
  deps: ReconciliationDeps,
  check: Check,
  attempt: number,
  found: { breaches: readonly FoundRow[]; failure: string | null },
): PromiseLike<FoundRow[]> {
  const now = deps.clock.now();
  const nextAt = new Date(now.getTime() + (found.failure === null ? EVERY_MS : AGAIN_AFTER_FAILURE_MS));
  return check.db.$queryRaw<FoundRow[]>(sql`
    SELECT rule, subject, detail FROM platform.reconciliation_report(${check.scope}, ${attempt}::int,
      ${now}::timestamptz, ${nextAt}::timestamptz, ${JSON.stringify(found.breaches)}::jsonb, ${found.failure}::text)`);
}
