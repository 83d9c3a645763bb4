// Shared by the endpoints of allow-lists: addresses that may use proxies without a password, of the whole account or of
// one proxy.
import { z } from 'zod';
import { AppError, invalid, lineField, newId, notFound } from '@lumi/shared/contract';
import { json, type Reach, type RequestContext } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { isoSeconds } from '@lumi/shared/runtime';
import { instantField } from '@lumi/shared/times';
import { allow, countAllowed, disallow, findAllowed, listAllowed, type AllowRow } from '../store/allowlist';
import type { ProxyDeps } from '../deps';
import { allowedField, canonicalBlock, idParam } from './fields';

const ENTRIES_MAX = 100;

export const allowEntrySchema = z
  .object({
    id: z.string().meta({ example: 'alw_01k000000000000000000000' }),
    ip_or_cidr: z.string(),
    proxy_id: z.string().nullable(),
    label: z.string().nullable(),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'AllowEntry' });
export const allowEntryBody = z.object({
  ip_or_cidr: allowedField,
  label: lineField(128).optional(),
  expires_at: instantField.optional().describe('The entry stops working then.'),
});
export const ALLOW_ENTRY_EXAMPLE = { ip_or_cidr: 'current', label: 'office' };
export const proxyParam = { id: idParam('prx', 'the proxy') };
export const ALLOWLIST_ROUTE = { tag: 'Allow-list', class: 'regular', reach: 'account' } as const;

export const ALLOW_ENTRY_ANSWERS = {
  200: { description: 'It was there already.', schema: allowEntrySchema },
  201: { description: 'Added.', schema: allowEntrySchema },
};
export const removedEntrySchema = z.object({ id: z.string(), removed: z.literal(true) });

export async function allowlistPage(
  deps: ProxyDeps,
  reach: Reach,
  proxyId: string | null,
  query: { limit?: string | undefined; cursor?: string | undefined },
) {
  const page = await pageOfRows({
    route: 'list-allowlist',
    reach,
    of: proxyId,
    query,
    cursors: deps.service.cursors,
    read: (at) => listAllowed(deps.db, reach, proxyId, at),
    position: bySeq,
    view: viewEntry,
  });
  return json(200, page);
}

export async function addEntry(
  deps: ProxyDeps,
  context: Pick<RequestContext, 'clientIp'>,
  accountId: string,
  proxyId: string | null,
  wish: z.output<typeof allowEntryBody>,
) {
  const now = deps.service.clock.now();
  const block = canonicalBlock(wish.ip_or_cidr === 'current' ? (context.clientIp ?? '') : wish.ip_or_cidr);
  if (block === null)
    throw invalid('ip_or_cidr', 'must be an address, a block no wider than /16 (IPv6: /32), or "current"');
  const expiresAt = wish.expires_at === undefined ? null : new Date(wish.expires_at);
  if (expiresAt !== null && expiresAt <= now) throw invalid('expires_at', 'must lie in the future');
  if ((await countAllowed(deps.db, accountId, proxyId)) >= ENTRIES_MAX)
    throw new AppError('state_conflict', `The list is full: at most ${String(ENTRIES_MAX)} entries.`);
  const { row, isNew } = await allow(deps.service.db.platform, {
    id: newId('alw', now.getTime()),
    accountId,
    proxyId,
    block,
    label: wish.label ?? null,
    expiresAt,
    now,
  });
  return json(isNew ? 201 : 200, viewEntry(row));
}

export async function removeEntry(deps: ProxyDeps, reach: Reach, proxyId: string | null, id: string) {
  const entry = await findAllowed(deps.db, reach, proxyId, id);
  if (entry === null || !(await disallow(deps.service.db.platform, entry, deps.service.clock.now()))) throw notFound();
  return json(200, { id, removed: true });
}

function viewEntry(row: AllowRow): z.output<typeof allowEntrySchema> {
  return {
    id: row.id,
    ip_or_cidr: row.block,
    proxy_id: row.proxy_id,
    label: row.label,
    expires_at: row.expires_at === null ? null : isoSeconds(row.expires_at),
    last_used_at: row.last_used_at === null ? null : isoSeconds(row.last_used_at),
    created_at: isoSeconds(row.created_at),
  };
}
