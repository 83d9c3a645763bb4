// What happens to servers by time alone: expired → grace → suspended → gone. Any number of workers may run it: each step is one statement
// on the locked row that asks again whether it is due, and after downtime the steps that were missed follow one another.
import { AppError, newId } from '@lumi/shared/contract';
import { sql, type Sql } from '@lumi/shared/db';
import { runOperation, type AnyOperationKind } from '@lumi/shared/operations';
import { isoSeconds } from '@lumi/shared/runtime';
import type { Loop } from '@lumi/shared/service';
import type { Actions } from '../actions/actions';
import { HOUR_MS } from '../purchases/period';
import type { Vps } from '../vps';

const EVERY_MS = 5_000;
const ROUND_MAX = 50;

interface Due {
  readonly id: string;
  readonly account_id: string;
  readonly machine: string;
  readonly hostname: string;
  readonly plan_id: string;
  readonly location_id: string;
  readonly expires_at: Date;
}

export function lifecycleLoop(vps: Vps, actions: Actions): Loop {
  return { name: 'lifecycle', everyMs: EVERY_MS, run: () => lifecycleRound(vps, actions) };
}

/** True when there may be more that is due now. */
export async function lifecycleRound(vps: Vps, actions: Actions): Promise<boolean> {
  const now = vps.service.clock.now();
  const counts = [await expire(vps, now), await deleteExpired(vps, actions, now), await suspend(vps, actions, now), await terminate(vps, actions, now)];
  return counts.some((count) => count === ROUND_MAX);
}

/** Expired: it keeps running for the time of grace. */
async function expire(vps: Vps, now: Date): Promise<number> {
  const due = await findDue(vps, sql`lifecycle = 'active' AND NOT delete_at_expiry AND expires_at <= ${now}::timestamptz AND renewing IS NULL`);
  for (const server of due) {
    const graceEndsAt = new Date(server.expires_at.getTime() + vps.hosting.GRACE_HOURS * HOUR_MS);
    const event = { id: newId('evt', now.getTime()), type: 'server.expired', subject: server.id, data: { server_id: server.id, hostname: server.hostname, grace_ends_at: isoSeconds(graceEndsAt) } };
    await vps.service.db.platform.$queryRaw(sql`
      WITH expired AS (UPDATE vps.server SET lifecycle = 'grace', grace_ends_at = ${graceEndsAt}::timestamptz
        WHERE id = ${server.id} AND lifecycle = 'active' AND expires_at <= ${now}::timestamptz AND renewing IS NULL AND NOT delete_at_expiry RETURNING account_id)
      SELECT platform.emit_events(expired.account_id, 'vps', ${JSON.stringify([event])}::jsonb)::text FROM expired`);
  }
  return due.length;
}

/** Its owner wanted it deleted at the end of what is paid. */
function deleteExpired(vps: Vps, actions: Actions, now: Date): Promise<number> {
  const terminatesAt = new Date(now.getTime() + vps.hosting.UNDELETE_HOURS * HOUR_MS);
  return startEach(vps, actions.remove, {
    due: sql`lifecycle IN ('active', 'grace') AND delete_at_expiry AND expires_at <= ${now}::timestamptz AND renewing IS NULL`,
    change: () => sql`lifecycle = 'terminating', terminates_at = ${terminatesAt}::timestamptz, grace_ends_at = NULL`,
  });
}

/** Not paid for in the time of grace: switched off, the data stays. A renewal that is being made is waited for. */
function suspend(vps: Vps, actions: Actions, now: Date): Promise<number> {
  return startEach(vps, actions.suspend, {
    due: sql`lifecycle = 'grace' AND NOT delete_at_expiry AND grace_ends_at <= ${now}::timestamptz AND renewing IS NULL`,
    change: (server) => sql`lifecycle = 'suspended', suspension_kind = 'unpaid', suspended_at = ${now}::timestamptz, suspension_reason = 'Not renewed.', grace_ends_at = NULL,
      terminates_at = ${terminationOf(vps, server, now)}::timestamptz`,
    item: { kind: 'unpaid' },
  });
}

/** The time to bring it back is over. */
function terminate(vps: Vps, actions: Actions, now: Date): Promise<number> {
  return startEach(vps, actions.terminate, {
    due: sql`lifecycle IN ('suspended', 'terminating') AND terminates_at <= ${now}::timestamptz AND renewing IS NULL`,
    change: () => sql`lifecycle = 'terminating'`,
  });
}

/** Never at once after a suspension that came late, because workers were down: a day is left to bring it back. */
function terminationOf(vps: Vps, server: Due, now: Date): Date {
  return new Date(Math.max(server.expires_at.getTime() + vps.hosting.TERMINATE_AFTER_HOURS * HOUR_MS, now.getTime() + 24 * HOUR_MS));
}

async function startEach(vps: Vps, kind: AnyOperationKind, step: { due: Sql; change: (server: Due) => Sql; item?: object }): Promise<number> {
  const due = await findDue(vps, step.due);
  for (const server of due) {
    try {
      await runOperation(vps.service.purchases, {
        kind, subject: server.id, accountId: server.account_id, product: vps.service.product, lockKey: null, keyId: null, requestId: newId('req', vps.service.clock.nowMs()),
        item: { ...step.item, server_id: server.id, machine: server.machine, hostname: server.hostname, plan_id: server.plan_id, location_id: server.location_id },
        guard: sql`UPDATE vps.server SET ${step.change(server)} WHERE id = ${server.id} AND ${step.due} RETURNING id AS subject`,
      });
    } catch (err) {
      // Something else runs on it, or it was renewed or taken by another worker meanwhile: the next round looks again.
      if (!(err instanceof AppError) || (err.code !== 'busy' && err.code !== 'state_conflict')) throw err;
    }
  }
  return due.length;
}

function findDue(vps: Vps, condition: Sql): PromiseLike<Due[]> {
  return vps.service.db.platform.$queryRaw<Due[]>(sql`
    SELECT id, account_id, machine, hostname, plan_id, location_id, expires_at FROM vps.server
    WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM vps.server_lock l WHERE l.server_id = server.id) ORDER BY seq LIMIT ${ROUND_MAX}::int`);
}
