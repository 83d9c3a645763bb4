// The effect of each action on a machine of the sandbox, as statements that run together with its task.
import { sql, type Sql } from '@lumi/shared/db';
import type { ActionResult, MachineAction, Power } from '../hypervisor';

export const MIN_SNAPSHOT_GB = 1;

export function powerAfter(action: MachineAction, before: Power, isSuspended: boolean): Power {
  switch (action.action) {
    case 'start':
    case 'reboot':
    case 'reset':
    case 'resume':
    case 'rebuild':
      return isSuspended && action.action !== 'resume' ? before : 'running';
    case 'stop':
    case 'shutdown':
    case 'suspend':
    case 'delete':
      return 'stopped';
    default:
      return before;
  }
}

export function effects(
  now: Date,
  machine: string,
  action: MachineAction,
  result: ActionResult,
  task: Sql,
): readonly Sql[] {
  const done = sql`FROM ${task} WHERE ${task}.refusal IS NULL AND name = ${machine}`;
  const power = sql`machine AS (UPDATE vps.sandbox_machine SET power = ${result.power} ${done})`;
  switch (action.action) {
    case 'suspend':
    case 'resume':
      return [
        sql`machine AS (UPDATE vps.sandbox_machine SET power = ${result.power},
          suspended = ${action.action === 'suspend'} ${done})`,
      ];
    case 'delete':
      return [
        sql`machine AS (UPDATE vps.sandbox_machine SET power = 'stopped', deleted_at = ${now}::timestamptz ${done})`,
      ];
    case 'rebuild':
      return [
        sql`machine AS (UPDATE vps.sandbox_machine SET power = ${result.power}, image_id = ${action.imageId} ${done})`,
      ];
    case 'resize':
      return [
        sql`machine AS (UPDATE vps.sandbox_machine SET plan_id = ${action.size.planId},
          disk_gb = ${action.size.diskGb}::int ${done})`,
      ];
    case 'create-snapshot':
      return [
        sql`snapshot AS (INSERT INTO vps.sandbox_snapshot (id, machine, size_gb)
          SELECT ${action.snapshotId}, ${machine}, ${result.sizeGb ?? MIN_SNAPSHOT_GB}::int FROM ${task}
            WHERE ${task}.refusal IS NULL)`,
      ];
    case 'delete-snapshot':
      return [
        sql`snapshot AS (DELETE FROM vps.sandbox_snapshot s USING ${task} WHERE ${task}.refusal IS NULL
          AND s.id = ${action.snapshotId})`,
      ];
    case 'set-rdns':
      return [
        sql`machine AS (UPDATE vps.sandbox_machine SET rdns = (rdns - ${action.ip}::text) ||
          ${JSON.stringify(action.ptr === null ? {} : { [action.ip]: action.ptr })}::jsonb ${done})`,
      ];
    case 'start':
    case 'stop':
    case 'shutdown':
    case 'reboot':
    case 'reset':
    case 'restore-snapshot':
    case 'reset-password':
      return [power];
  }
}
