// Deletes the machine and its data when a server can no longer be brought back. The row holds that moment, set by the
// suspension or the deletion. Several workers may run it at once: the statement that starts the operation checks again,
// on the locked row.
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
}

const isDueAt = (now: Date): Sql =>
  sql`lifecycle IN ('suspended', 'terminating') AND terminates_at <= ${now}::timestamptz AND renewing IS NULL`;

export function terminateServersLoop(vps: VpsDeps, actions: Actions): Loop {
  return {
    name: 'terminate-servers',
    everyMs: 5_000,
    due: () => sql`EXISTS (SELECT 1 FROM vps.server WHERE ${isDueAt(vps.service.clock.now())} AND ${isUnlocked})`,
    run: () => terminateServers(vps, actions),
  };
}

/** True when there may be more that is due now. */
async function terminateServers(vps: VpsDeps, actions: Actions): Promise<boolean> {
  const { service } = vps;
  const isDue = isDueAt(service.clock.now());
  // Raw SQL: the condition is the one that the start of the operation checks again.
  const due = await service.db.platform.$queryRaw<Due[]>(sql`
    SELECT id, account_id, machine, hostname, plan_id, location_id FROM vps.server
    WHERE ${isDue} AND ${isUnlocked} ORDER BY terminates_at LIMIT ${ROUND_MAX}::int`);
  for (const server of due) {
    try {
      await runOperation(service.purchases, {
        kind: actions.terminate,
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
          plan_id: server.plan_id,
          location_id: server.location_id,
        },
        guard: sql`UPDATE vps.server SET lifecycle = 'terminating' WHERE id = ${server.id} AND ${isDue}
          RETURNING id AS subject`,
      });
    } catch (err) {
      // Brought back, renewed, or taken by another worker meanwhile.
      if (!(err instanceof AppError) || (err.code !== 'busy' && err.code !== 'state_conflict')) throw err;
    }
  }
  return due.length === ROUND_MAX;
}
