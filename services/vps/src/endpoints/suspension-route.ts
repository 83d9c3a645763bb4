// The common part of the operators' routes against abuse. A suspended server is switched off for a reason that no
// payment removes, and released when the reason is gone.
import type { Act } from '@lumi/shared/audit-log';
import { serverParams } from '../servers/fields';
import type { Server } from '../store/servers';

export const SUSPENSION_ROUTE = {
  method: 'POST',
  tag: 'Admin',
  scope: 'admin:*',
  class: 'guarded',
  reach: 'account',
  params: serverParams,
} as const;

/** What the audit log keeps of the decision. */
export function suspensionAct(action: string, { id, accountId, lifecycle }: Server, after: Act['after']): Act {
  return { action, subject: id, accountId, before: { lifecycle }, after };
}
