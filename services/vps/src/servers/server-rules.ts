// Which actions are possible on a server in which state. Checked before every action, and shown to callers as `can`.
import { AppError } from '@lumi/shared/contract';
import { busyWith } from '@lumi/shared/operations';
import { operationIdOf } from '@lumi/shared/purchase';
import type { Lifecycle, Server } from '../store/servers';

export const ACTION_NAMES = [
  'start',
  'stop',
  'shutdown',
  'reboot',
  'reset',
  'rebuild',
  'reset_password',
  'resize',
  'renew',
  'snapshot',
  'restore_snapshot',
  'delete_snapshot',
  'set_rdns',
  'delete',
  'undelete',
] as const;
/** `can` does not show what operators do. */
export type ActionName = (typeof ACTION_NAMES)[number] | 'suspend' | 'unsuspend';

const USABLE: readonly Lifecycle[] = ['active', 'grace'];
const ALLOWED_IN: Readonly<Record<ActionName, readonly Lifecycle[]>> = {
  start: USABLE,
  stop: USABLE,
  shutdown: USABLE,
  reboot: USABLE,
  reset: USABLE,
  rebuild: USABLE,
  reset_password: USABLE,
  snapshot: USABLE,
  restore_snapshot: USABLE,
  delete_snapshot: USABLE,
  set_rdns: USABLE,
  resize: ['active'],
  renew: ['active', 'grace', 'suspended'],
  delete: ['active', 'grace', 'suspended'],
  undelete: ['terminating', 'active', 'grace'],
  suspend: USABLE,
  unsuspend: ['suspended'],
};

const POSSIBLE_WITHOUT_MACHINE: readonly ActionName[] = ['delete', 'undelete', 'suspend'];
/** Actions that destroy data. */
const DESTROYS: readonly ActionName[] = ['delete', 'rebuild', 'restore_snapshot', 'delete_snapshot'];

const STATE_TEXTS: Readonly<Record<Lifecycle, string>> = {
  provisioning: 'The server is still being created.',
  active: 'The server is active.',
  grace: 'The server has expired; renew it first.',
  suspended: 'The server is suspended.',
  terminating: 'The server is deleted; bring it back first.',
  terminated: 'The server is gone.',
  failed: 'The server was never created.',
};

/**
 * Why this action is not possible now, or null. Conditions that only renewals have (price, expiry) are not checked
 * here.
 */
export function refusalOf(action: ActionName, server: Server): AppError | null {
  if (!ALLOWED_IN[action].includes(server.lifecycle)) {
    return new AppError(
      server.lifecycle === 'suspended' && action !== 'suspend' ? 'suspended' : 'state_conflict',
      STATE_TEXTS[server.lifecycle],
    );
  }
  if (server.missingSince !== null && !POSSIBLE_WITHOUT_MACHINE.includes(action))
    return new AppError(
      'state_conflict',
      'The machine of this server is not found any more; nothing can be done with it until that is cleared up.',
    );
  if (action === 'renew') return renewalRefusal(server);
  if (server.busy !== null) return busyWith(server.busy.operationId);
  if (server.protection && DESTROYS.includes(action))
    return new AppError('state_conflict', 'The server is protected; switch its protection off first.');
  if (action === 'undelete' && server.lifecycle !== 'terminating' && !server.deleteAtExpiry)
    return new AppError('state_conflict', 'The server is not deleted.');
  if ((action === 'delete' || action === 'suspend' || action === 'resize') && server.renewing !== null)
    return busyWith(operationIdOf(server.renewing));
  if (action === 'unsuspend' && server.suspension?.kind === 'unpaid')
    return new AppError('state_conflict', 'The server is suspended for non-payment; a renewal brings it back.');
  return null;
}

/** Purchases that change the price of a renewal. While one is open, there is no price to show. */
const CHANGES_PRICE = ['resize', 'create'];

/**
 * A renewal concerns time and money, not the machine. Another operation on the server does not prevent it, unless that
 * operation changes the price.
 */
function renewalRefusal(server: Server): AppError | null {
  if (server.busy !== null && CHANGES_PRICE.includes(server.busy.action)) return busyWith(server.busy.operationId);
  if (server.renewing !== null) return busyWith(operationIdOf(server.renewing));
  if (server.suspension !== null && server.suspension.kind !== 'unpaid')
    return new AppError('suspended', 'The server is suspended for another reason than payment.');
  if (server.renewPrice === null)
    return new AppError('not_available', 'This plan is not renewed for this period any more.');
  return null;
}
