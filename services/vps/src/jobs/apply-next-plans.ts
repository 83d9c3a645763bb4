// Changes the machine when a period begins that was renewed for another plan. Several workers may run it at once: the
// statement that starts the operation checks again, on the locked row.
import { AppError, newId } from '@lumi/shared/contract';
import { sql, type Sql } from '@lumi/shared/db';
import { runOperation } from '@lumi/shared/operations';
import type { Loop } from '@lumi/shared/service';
import type { Actions } from '../actions/actions';
import type { VpsDeps } from '../deps';
import { isUnlocked } from '../store/server-lock';

const ROUND_MAX = 50;

interface Due {
  readonly id: string;
  readonly account_id: string;
  readonly machine: string;
  readonly hostname: string;
  readonly plan_id: string;
  readonly location_id: string;
  readonly next_plan_id: string;
}

const isDueAt = (now: Date): Sql =>
  sql`next_plan_from <= ${now}::timestamptz AND lifecycle IN ('active', 'grace') AND missing_since IS NULL`;

export function applyNextPlansLoop(vps: VpsDeps, actions: Actions): Loop {
  return {
    name: 'apply-next-plans',
    everyMs: 5_000,
    due: () => sql`EXISTS (SELECT 1 FROM vps.server WHERE ${isDueAt(vps.service.clock.now())} AND ${isUnlocked})`,
    run: () => applyNextPlans(vps, actions),
  };
}

/** True when there may be more that is due now. */
async function applyNextPlans(vps: VpsDeps, actions: Actions): Promise<boolean> {
  const { service } = vps;
  const isDue = isDueAt(service.clock.now());
  // Raw SQL: the condition is the one that the start of the operation checks again.
  const due = await service.db.platform.$queryRaw<Due[]>(sql`
    SELECT id, account_id, machine, hostname, plan_id, location_id, next_plan_id FROM vps.server
    WHERE ${isDue} AND ${isUnlocked} ORDER BY next_plan_from LIMIT ${ROUND_MAX}::int`);
  for (const server of due) {
    try {
      await runOperation(service.purchases, {
        kind: actions.changePlan,
        subject: server.id,
        accountId: server.account_id,
        product: service.product,
        lockKey: null,
        keyId: null,
        requestId: newId('req', service.clock.nowMs()),
        item: {
          server_id: server.id,
          machine: server.machine,
          hostname: server.hostname,
          plan_id: server.next_plan_id,
          from_plan_id: server.plan_id,
          location_id: server.location_id,
        },
        guard: sql`SELECT id AS subject FROM vps.server WHERE id = ${server.id} AND plan_id = ${server.plan_id}
          AND next_plan_id = ${server.next_plan_id} AND ${isDue} FOR NO KEY UPDATE`,
      });
    } catch (err) {
      // Another operation took the server meanwhile: the next round reads its state again.
      if (!(err instanceof AppError) || (err.code !== 'busy' && err.code !== 'state_conflict')) throw err;
    }
  }
  return due.length === ROUND_MAX;
}
