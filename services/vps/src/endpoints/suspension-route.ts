// The common part of the operators' routes against abuse. A suspended server is switched off for a reason that no
// payment removes, and released when the reason is gone.
import { serverParams } from '../servers/fields';

export const SUSPENSION_ROUTE = {
  method: 'POST',
  tag: 'Admin',
  scope: 'admin:*',
  class: 'regular',
  reach: 'account',
  params: serverParams,
} as const;
