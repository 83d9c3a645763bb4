// What operators do about abuse: a server is switched off for a reason that no payment lifts, and given back when the
// reason is gone. Both routes have this in common.
import { serverParams } from '../servers/fields';

export const SUSPENSION_ROUTE = {
  method: 'POST',
  tag: 'Admin',
  scope: 'admin:*',
  class: 'regular',
  reach: 'account',
  params: serverParams,
} as const;
