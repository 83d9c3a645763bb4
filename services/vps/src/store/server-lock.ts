// One operation at a time per server.
import { rider, sql, type AnyStepDone, type RiderOf } from '@lumi/shared/db';

/** Locks the server for this operation. Its primary key (`server_lock_pkey`) refuses a second one. */
export function lockServer<Done extends AnyStepDone>(
  lock: { serverId: string; operationId: string; action: string },
  source: Done,
): RiderOf<Done> {
  return rider`INSERT INTO vps.server_lock (server_id, operation_id, action)
    SELECT ${lock.serverId}, ${lock.operationId}, ${lock.action} ${source}`;
}

export function unlockServer<Done extends AnyStepDone>(
  serverId: string,
  operationId: string,
  source: Done,
): RiderOf<Done> {
  return rider`DELETE FROM vps.server_lock l ${source} AND l.server_id = ${serverId}
    AND l.operation_id = ${operationId}`;
}

/** A condition of `vps.server` for what starts operations by itself. */
export const isUnlocked = sql`NOT EXISTS (SELECT 1 FROM vps.server_lock l WHERE l.server_id = server.id)`;

export const LOCKED = 'server_lock_pkey';
