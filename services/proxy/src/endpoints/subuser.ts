// Shared by the endpoints of sub-users. A sub-user has its own user name and password and a share of a plan's
// gigabytes.
import { z } from 'zod';
import { AppError, invalid, lineField, notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { hostNameField } from '@lumi/shared/names';
import { instantField } from '@lumi/shared/times';
import { findSubuser, type SubuserRow } from '../store/subusers';
import { findPlan, freeOf } from '../store/traffic';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';

export const BYTES_PER_GB = 1_000_000_000n;
export const subuserGbField = z.int().min(1).max(1_000_000);
export const subuserSettings = {
  label: lineField(128).nullable().optional(),
  reference: z.string().min(1).max(128).nullable().optional(),
  expires_at: instantField.nullable().optional().describe('The pair stops working then.'),
  domains_block: domainsField('Targets it may not reach, with all names below them.'),
  domains_allow: domainsField('If there are any: the only targets it may reach, with all names below them.'),
  concurrency: z
    .int()
    .min(1)
    .max(1_000)
    .nullable()
    .optional()
    .describe('Connections at the same time; null: as many as the pool allows.'),
  bandwidth_mbps: z
    .int()
    .min(1)
    .max(10_000)
    .nullable()
    .optional()
    .describe('Megabits a second in each direction; null: no limit of its own.'),
};

function domainsField(what: string) {
  return z
    .array(hostNameField())
    .max(100)
    .transform((names) => [...new Set(names)])
    .optional()
    .describe(what);
}

export const subuserParams = z.object({ id: idParam('sub', 'the sub-user') });
export const SUBUSER_ROUTE = { tag: 'Traffic', class: 'regular', reach: 'account' } as const;

export async function requireSubuser(deps: ProxyDeps, reach: Reach, id: string): Promise<SubuserRow> {
  const row = await findSubuser(deps.db, reach, id);
  if (row === null) throw notFound();
  return row;
}

export function futureOf(text: string | null | undefined, now: Date): Date | null {
  if (text === null || text === undefined) return null;
  const at = new Date(text);
  if (at <= now) throw invalid('expires_at', 'must lie in the future');
  return at;
}

const HELD = 'Some is held by nodes that carry traffic; try again in a few seconds, or take less.';

/** The plan has not `bytes` free. */
export async function notEnoughFree(deps: ProxyDeps, reach: Reach, planId: string, bytes: bigint): Promise<AppError> {
  const plan = await findPlan(deps.db, reach, planId);
  if (plan === null) return notFound();
  const left = freeOf(plan);
  return tooFew('The plan has not that many gigabytes free.', plan.bytes_leased > 0n && left >= bytes);
}

/** The sub-user has not `bytes` unused. */
export async function notEnoughUnused(deps: ProxyDeps, reach: Reach, id: string, bytes: bigint): Promise<AppError> {
  const row = await requireSubuser(deps, reach, id);
  const left = row.bytes_limit - row.bytes_used;
  return tooFew('The sub-user has not that many gigabytes unused.', row.bytes_leased > 0n && left >= bytes);
}

function tooFew(text: string, isHeld: boolean): AppError {
  return new AppError('state_conflict', isHeld ? `${text} ${HELD}` : text);
}
