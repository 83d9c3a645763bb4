// Addresses that may use proxies without a password: of the whole account, or of one proxy.
import { z } from 'zod';
import { AppError, defineRoute, invalid, lineField, newId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type Reach, type RequestContext } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { syncListEndpoint, syncOnce, syncRoute, type SyncOfAll } from '@lumi/shared/sync';
import { instantField } from '@lumi/shared/times';
import { allow, countAllowed, disallow, findAllowed, listAllowed, type AllowRow } from '../store/allowlist';
import { findProxy } from '../store/proxies';
import { syncProxyAccess } from '../sync/sync-access';
import type { ProxyDeps } from '../proxy';
import { allowedField, canonicalBlock, idParam } from './fields';
import { assertChangeable } from './update-proxy';

const ENTRIES_MAX = 100;

const entrySchema = z.object({
  id: z.string().meta({ example: 'alw_01k000000000000000000000' }), ip_or_cidr: z.string(), proxy_id: z.string().nullable(), label: z.string().nullable(),
  expires_at: z.string().nullable(), last_used_at: z.string().nullable(), created_at: z.string(),
}).meta({ id: 'AllowEntry' });
const entryBody = z.object({ ip_or_cidr: allowedField, label: lineField(128).optional(), expires_at: instantField.optional().describe('The entry stops working then.') });
const bodyExample = { ip_or_cidr: 'current', label: 'office' };
const proxyParam = { id: idParam('prx', 'the proxy') };
const common = { tag: 'Allow-list', class: 'regular', reach: 'account' } as const;

export function allowlistEndpoints(deps: ProxyDeps, sync: SyncOfAll): Endpoint[] {
  return [
    endpoint(
      defineRoute({
        ...common, id: 'list-allowlist', method: 'GET', path: '/allowlist', summary: 'List addresses of the account', scope: 'read', description: 'Addresses that may use every proxy of the account that lets addresses in.',
        query: pageQuery, responses: { 200: { description: 'A page of entries.', schema: pageOf(entrySchema) } },
      }),
      ({ reach, query }) => list(deps, reach, null, query),
    ),
    endpoint(
      defineRoute({
        ...common, id: 'add-to-allowlist', method: 'POST', path: '/allowlist', summary: 'Allow an address for the account', scope: 'write', description: 'The same address twice is one entry, with the newest label and expiry. At most 100.',
        body: entryBody, bodyExample, responses: answers, errors: ['state_conflict'],
      }),
      (context) => add(deps, context, context.accountId, null, context.body),
    ),
    syncListEndpoint(deps.purchases, sync, {
      id: 'sync-allowlist', path: '/allowlist/sync', tag: common.tag, summary: 'Look whether the account’s addresses are let in', things: 'proxies and traffic plans', one: '/proxies/{id}/allowlist/sync',
    }),
    endpoint(
      defineRoute({
        ...common, id: 'remove-from-allowlist', method: 'DELETE', path: '/allowlist/{id}', summary: 'Remove an address of the account', scope: 'write', description: 'The address is no longer let in.',
        params: z.object({ id: idParam('alw', 'the entry') }), responses: { 200: { description: 'Removed.', schema: removed } },
      }),
      ({ reach, params }) => remove(deps, reach, null, params.id),
    ),
    endpoint(
      defineRoute({
        ...common, id: 'list-proxy-allowlist', method: 'GET', path: '/proxies/{id}/allowlist', summary: 'List addresses of a proxy', scope: 'read', description: 'Addresses that may use this proxy, beside those of the account.',
        params: z.object(proxyParam), query: pageQuery, responses: { 200: { description: 'A page of entries.', schema: pageOf(entrySchema) } },
      }),
      async ({ reach, params, query }) => {
        if ((await findProxy(deps.db.platform, reach, params.id)) === null) throw notFound();
        return list(deps, reach, params.id, query);
      },
    ),
    endpoint(
      syncRoute({
        id: 'sync-proxy-allowlist', path: '/proxies/{id}/allowlist/sync', tag: common.tag, summary: 'Look whether the addresses of a proxy are let in',
        description: 'Asks the network whom it lets in. Where that is not what the list (this one, and that of the account) says, it is told again: the proxy’s `is_applied` is false until it has confirmed that, and a `proxy.synced` event tells it. At most once a minute for each proxy.',
        params: z.object(proxyParam), answer: { description: 'The first page of the list.', schema: pageOf(entrySchema) },
      }),
      async ({ reach, params: { id } }) => {
        if ((await findProxy(deps.db.platform, reach, id)) === null) throw notFound();
        await syncOnce(deps, { product: 'proxy', thing: `allow-list of ${id}` }, () => syncProxyAccess(deps, reach, id));
        return list(deps, reach, id, {});
      },
    ),
    endpoint(
      defineRoute({
        ...common, id: 'add-to-proxy-allowlist', method: 'POST', path: '/proxies/{id}/allowlist', summary: 'Allow an address for a proxy', scope: 'write', description: 'As for the account, for one proxy.',
        params: z.object(proxyParam), body: entryBody, bodyExample, responses: answers, errors: ['state_conflict'],
      }),
      async (context) => {
        const proxy = await findProxy(deps.db.platform, context.reach, context.params.id);
        if (proxy === null) throw notFound();
        assertChangeable(proxy, deps.clock.now());
        return add(deps, context, proxy.account_id, proxy.id, context.body);
      },
    ),
    endpoint(
      defineRoute({
        ...common, id: 'remove-from-proxy-allowlist', method: 'DELETE', path: '/proxies/{id}/allowlist/{entry_id}', summary: 'Remove an address of a proxy', scope: 'write', description: 'The address is no longer let in.',
        params: z.object({ ...proxyParam, entry_id: idParam('alw', 'the entry') }), responses: { 200: { description: 'Removed.', schema: removed } },
      }),
      ({ reach, params }) => remove(deps, reach, params.id, params.entry_id),
    ),
  ];
}

const answers = { 200: { description: 'It was there already.', schema: entrySchema }, 201: { description: 'Added.', schema: entrySchema } };
const removed = z.object({ id: z.string(), removed: z.literal(true) });

async function list(deps: ProxyDeps, reach: Reach, proxyId: string | null, query: { limit?: string | undefined; cursor?: string | undefined }) {
  const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-allowlist', filter: { proxyId } };
  const request = readPage(query, deps.cursors, binding);
  const rows = await listAllowed(deps.db.platform, reach, proxyId, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
  return json(200, toPage(rows, request, deps.cursors, binding, (row) => [row.seq.toString()], viewEntry));
}

async function add(deps: ProxyDeps, context: Pick<RequestContext, 'clientIp'>, accountId: string, proxyId: string | null, wish: z.output<typeof entryBody>) {
  const now = deps.clock.now();
  const block = canonicalBlock(wish.ip_or_cidr === 'current' ? (context.clientIp ?? '') : wish.ip_or_cidr);
  if (block === null) throw invalid('ip_or_cidr', 'must be an address, a block no wider than /16 (IPv6: /32), or "current"');
  const expiresAt = wish.expires_at === undefined ? null : new Date(wish.expires_at);
  if (expiresAt !== null && expiresAt <= now) throw invalid('expires_at', 'must lie in the future');
  if ((await countAllowed(deps.db.platform, accountId, proxyId)) >= ENTRIES_MAX) throw new AppError('state_conflict', `The list is full: at most ${String(ENTRIES_MAX)} entries.`);
  const { row, isNew } = await allow(deps.db.platform, { id: newId('alw', now.getTime()), accountId, proxyId, block, label: wish.label ?? null, expiresAt, now });
  return json(isNew ? 201 : 200, viewEntry(row));
}

async function remove(deps: ProxyDeps, reach: Reach, proxyId: string | null, id: string) {
  const entry = await findAllowed(deps.db.platform, reach, proxyId, id);
  if (entry === null || !(await disallow(deps.db.platform, entry, deps.clock.now()))) throw notFound();
  return json(200, { id, removed: true });
}

function viewEntry(row: AllowRow): z.output<typeof entrySchema> {
  return {
    id: row.id, ip_or_cidr: row.block, proxy_id: row.proxy_id, label: row.label, expires_at: row.expires_at === null ? null : isoSeconds(row.expires_at),
    last_used_at: row.last_used_at === null ? null : isoSeconds(row.last_used_at), created_at: isoSeconds(row.created_at),
  };
}
