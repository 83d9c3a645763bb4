// The operations on servers, by kind. Rows store the kinds, so a kind is never renamed.
import { fromStep, rider, sql, usingStep, type Sql } from '@lumi/shared/db';
import { peekSecret } from '@lumi/shared/operations';
import { HOUR_MS } from '@lumi/shared/times';
import { giveStockBack } from '../purchases/server-create';
import { findPlan } from '../catalogue/catalogue';
import { findBuildData } from '../store/build-data';
import { truthOfSnapshot } from '../servers/sync-snapshots';
import type { VpsDeps } from '../deps';
import { serverAction, type ActionItem } from './server-action';

export const POWER_ACTIONS = ['start', 'stop', 'shutdown', 'reboot', 'reset'] as const;
export type PowerAction = (typeof POWER_ACTIONS)[number];

export interface RebuildItem extends ActionItem {
  readonly image_id: string;
  readonly password: boolean;
}

export interface SuspendItem extends ActionItem {
  readonly kind: 'unpaid' | 'abuse' | 'traffic' | 'operator';
}

export interface TerminateItem extends ActionItem {
  readonly plan_id: string;
  readonly location_id: string;
}

export interface ChangePlanItem extends ActionItem {
  readonly plan_id: string;
  readonly from_plan_id: string;
  readonly location_id: string;
}

export interface UndeleteItem extends ActionItem {
  /** False for a server that was suspended before it was deleted: after `undelete` it is suspended again. */
  readonly resume: boolean;
}

export interface SnapshotItem extends ActionItem {
  readonly snapshot_id: string;
}

export interface RdnsItem extends ActionItem {
  readonly ip: string;
  readonly ptr: string | null;
}

/** Wait this long before asking again a supplier that refused an action that Lumi has to carry out. */
const ASK_AGAIN_MS = HOUR_MS;

export type Actions = ReturnType<typeof serverActions>;

export function serverActions(vps: VpsDeps) {
  const later = () => new Date(vps.service.clock.nowMs() + ASK_AGAIN_MS);
  const power = (action: PowerAction) =>
    serverAction<ActionItem>(vps, {
      kind: `server_${action}`,
      label: action,
      machineAction: () => ({ action }),
      event: null,
    });
  return {
    start: power('start'),
    stop: power('stop'),
    shutdown: power('shutdown'),
    reboot: power('reboot'),
    reset: power('reset'),
    rebuild: serverAction<RebuildItem>(vps, {
      kind: 'server_rebuild',
      label: 'rebuild',
      event: 'server.rebuilt',
      machineAction: async ({ id, subject, item }) => {
        const data = await findBuildData(vps.db, subject);
        return {
          action: 'rebuild',
          imageId: item.image_id,
          sshKeys: data?.sshKeys ?? [],
          userData: data?.userData ?? null,
          rootPassword: item.password ? await passwordOf(vps, id) : null,
        };
      },
      change: ({ item }) => sql`, image_id = ${item.image_id}`,
    }),
    resetPassword: serverAction<ActionItem>(vps, {
      kind: 'server_reset_password',
      label: 'reset-password',
      event: 'server.password_reset',
      machineAction: async ({ id }) => {
        const rootPassword = await passwordOf(vps, id);
        if (rootPassword === null) throw new Error(`operation ${id} has no password`);
        return { action: 'reset-password', rootPassword };
      },
    }),
    // The statement that starts the suspension changes the state, so that no action runs while it is under way.
    suspend: serverAction<SuspendItem>(vps, {
      kind: 'server_suspend',
      label: 'suspend',
      event: 'server.suspended',
      machineAction: () => ({ action: 'suspend' }),
      changeBack: (_operation, at) =>
        sql`${usableAt(at, later())}, suspension_kind = NULL, suspended_at = NULL, suspension_reason = NULL,
          terminates_at = NULL`,
    }),
    unsuspend: serverAction<ActionItem>(vps, {
      kind: 'server_unsuspend',
      label: 'unsuspend',
      event: 'server.unsuspended',
      machineAction: () => ({ action: 'resume' }),
      change: (_operation, at) =>
        sql`, ${usableAt(at, graceEnd(vps, at))}, suspension_kind = NULL, suspended_at = NULL, suspension_reason = NULL,
          terminates_at = NULL`,
    }),
    remove: serverAction<ActionItem>(vps, {
      kind: 'server_delete',
      label: 'delete',
      event: 'server.deleted',
      machineAction: () => ({ action: 'suspend' }),
      changeBack: (_operation, at) =>
        sql`lifecycle = CASE WHEN suspension_kind IS NOT NULL THEN 'suspended'
          WHEN expires_at > ${at}::timestamptz THEN 'active' ELSE 'grace' END`,
    }),
    undelete: serverAction<UndeleteItem>(vps, {
      kind: 'server_undelete',
      label: 'undelete',
      event: 'server.undeleted',
      machineAction: ({ item }) => (item.resume ? { action: 'resume' } : null),
      change: (_operation, at) => sql`,
        lifecycle = CASE WHEN suspension_kind IS NOT NULL THEN 'suspended'
          WHEN expires_at > ${at}::timestamptz THEN 'active' ELSE 'grace' END,
        grace_ends_at = CASE WHEN suspension_kind IS NULL AND expires_at <= ${at}::timestamptz THEN
          ${graceEnd(vps, at)}::timestamptz ELSE NULL END,
        terminates_at = CASE WHEN suspension_kind IS NOT NULL THEN
          ${new Date(at.getTime() + vps.settings.UNDELETE_HOURS * HOUR_MS)}::timestamptz ELSE NULL END`,
    }),
    terminate: serverAction<TerminateItem>(vps, {
      kind: 'server_terminate',
      label: 'terminate',
      event: 'server.terminated',
      machineAction: () => ({ action: 'delete' }),
      change: (_operation, at) =>
        sql`, lifecycle = 'terminated', terminated_at = ${at}::timestamptz, user_data = NULL, next_plan_id = NULL,
          next_plan_from = NULL, next_period_months = NULL`,
      rows: ({ subject, item }) => [
        rider`DELETE FROM vps.address a ${usingStep('finished')} AND a.server_id = ${subject}`,
        rider`UPDATE vps.snapshot SET state = 'deleted' ${fromStep('finished')} AND server_id = ${subject}
          AND state <> 'failed'`,
        giveStockBack(item.plan_id, item.location_id, fromStep('finished')),
        // Releases the stock of a plan that was paid for and never began.
        rider`UPDATE vps.stock k SET free = k.free + 1 ${fromStep(
          'finished',
          sql`vps.server
          s`,
        )} AND s.id = ${subject}
          AND s.next_plan_from IS NOT NULL AND k.plan_id = s.next_plan_id AND k.location_id = s.location_id`,
      ],
      changeBack: () => sql`terminates_at = ${later()}::timestamptz`,
    }),
    changePlan: serverAction<ChangePlanItem>(vps, {
      kind: 'server_change_plan',
      label: 'change-plan',
      event: 'server.plan_changed',
      machineAction: async ({ item }) => {
        const plan = await findPlan(vps.service.db.platform, item.plan_id);
        if (plan === null) throw new Error(`plan ${item.plan_id} is not there`);
        return { action: 'resize', size: { planId: plan.id, vcpu: plan.vcpu, ramMb: plan.ramMb, diskGb: plan.diskGb } };
      },
      change: ({ item }) => sql`, plan_id = ${item.plan_id}, next_plan_id = NULL, next_plan_from = NULL`,
      rows: ({ item }) => [giveStockBack(item.from_plan_id, item.location_id, fromStep('finished'))],
      changeBack: () => sql`next_plan_from = ${later()}::timestamptz`,
    }),
    createSnapshot: serverAction<SnapshotItem>(vps, {
      kind: 'snapshot_create',
      label: 'create-snapshot',
      event: 'snapshot.ready',
      machineAction: ({ item }) => ({ action: 'create-snapshot', snapshotId: item.snapshot_id }),
      rows: ({ item }, { sizeGb }) => [
        rider`UPDATE vps.snapshot SET state = 'ready', size_gb = ${sizeGb ?? 0}::int ${fromStep('finished')}
          AND id = ${item.snapshot_id}`,
      ],
      rowsBack: ({ item }) => [
        rider`UPDATE vps.snapshot SET state = 'failed' ${fromStep('finished')} AND id = ${item.snapshot_id}`,
      ],
    }),
    restoreSnapshot: serverAction<SnapshotItem>(vps, {
      kind: 'snapshot_restore',
      label: 'restore-snapshot',
      event: 'snapshot.restored',
      machineAction: ({ item }) => ({ action: 'restore-snapshot', snapshotId: item.snapshot_id }),
      readAgain: ({ id, accountId, subject, item }) =>
        truthOfSnapshot(vps, { accountId, serverId: subject, operationId: id }, item.snapshot_id),
    }),
    deleteSnapshot: serverAction<SnapshotItem>(vps, {
      kind: 'snapshot_delete',
      label: 'delete-snapshot',
      event: null,
      machineAction: ({ item }) => ({ action: 'delete-snapshot', snapshotId: item.snapshot_id }),
      rows: ({ item }) => [
        rider`UPDATE vps.snapshot SET state = 'deleted' ${fromStep('finished')} AND id = ${item.snapshot_id}`,
      ],
      rowsBack: ({ item }) => [
        rider`UPDATE vps.snapshot SET state = 'ready' ${fromStep('finished')} AND id = ${item.snapshot_id}`,
      ],
    }),
    setRdns: serverAction<RdnsItem>(vps, {
      kind: 'server_set_rdns',
      label: 'set-rdns',
      event: null,
      machineAction: ({ item }) => ({ action: 'set-rdns', ip: item.ip, ptr: item.ptr }),
      rows: ({ item }) => [
        rider`UPDATE vps.address SET rdns = ${item.ptr}::text ${fromStep('finished')} AND ip = ${item.ip}::inet`,
      ],
    }),
  };
}

/** Active, or in a grace period counted from now when the paid time is over. */
function usableAt(at: Date, graceEndsAt: Date): Sql {
  return sql`lifecycle = CASE WHEN expires_at > ${at}::timestamptz THEN 'active' ELSE 'grace' END, grace_ends_at = CASE
    WHEN expires_at > ${at}::timestamptz THEN NULL ELSE ${graceEndsAt}::timestamptz END`;
}

export function graceEnd(vps: VpsDeps, from: Date): Date {
  return new Date(from.getTime() + vps.settings.GRACE_HOURS * HOUR_MS);
}

function passwordOf(vps: VpsDeps, operationId: string): Promise<string | null> {
  return peekSecret(vps.service.db.platform, vps.service.config.SECRET_RING, operationId);
}
