// The common part of all routes of POST …/sync, and the declaration of those of one object, which answer at once.
import { z } from 'zod';
import { defineRoute, type ResponseSpec } from '../../ground/contract';

export interface SyncRoute {
  readonly id: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
}

export const SYNC_ROUTE = {
  method: 'POST',
  scope: 'write',
  class: 'regular',
  reach: 'account',
  errors: ['busy'],
} as const;

/** The declaration of a sync of one object. */
export function syncRoute<P extends z.ZodObject>(
  route: SyncRoute & { readonly description: string; readonly params: P; readonly answer: ResponseSpec },
) {
  const { answer, ...rest } = route;
  return defineRoute({ ...rest, ...SYNC_ROUTE, responses: { 200: answer } });
}
