// Changes what a customer may change about proxies: one, or many at once.
import { z } from 'zod';
import { actorOf, autoRenewAct, noted, type Asking } from '@lumi/shared/audit-log';
import { changeItem, changedAnswer, changedSchema } from '@lumi/shared/batches';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { autoRenewField, metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { findProduct } from '../catalog/products';
import { changeProxies, findProxies, findProxy, type ProxyChange } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../proxy';
import { idParam, labelField } from './fields';
import { proxySchema, viewProxy } from '../views/proxy-view';

const BULK_MAX = 500;

const changeFields = {
  label: labelField.nullable().optional(),
  tags: tagsField,
  reference: referenceField.nullable(),
  metadata: metadataField.nullable(),
  auto_renew: autoRenewField,
  protocol: z.enum(['http', 'socks5']).optional(),
};

export function updateProxy(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-proxy', method: 'PATCH', path: '/proxies/{id}', summary: 'Change a proxy', tag: 'Proxies', scope: 'write', class: 'regular', reach: 'account', autoRenew: ['auto_renew'],
      description: 'Changes the given fields and leaves the others. `null` clears label, reference or metadata.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      body: z.object(changeFields), bodyExample: { label: 'crawler 3', tags: ['client-a'], auto_renew: true },
      responses: { 200: { description: 'The proxy as it is now.', schema: proxySchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const row = await findProxy(deps.db.platform, context.reach, context.params.id);
      if (row === null) throw notFound();
      assertChangeable(row, deps.clock.now());
      const [changed] = await changeAs(deps, context, [row], context.body);
      if (changed === undefined) throw new AppError('state_conflict');
      return json(200, viewProxy(changed, deps.clock.now()));
    },
  );
}

export function bulkUpdateProxies(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'bulk-update-proxies', method: 'POST', path: '/proxies/bulk-update', summary: 'Change many proxies', tag: 'Proxies', scope: 'write', class: 'regular', reach: 'account',
      description: 'One change for up to 500 proxies. Not atomic: one that cannot be changed does not stop the others.',
      body: z.object({ proxy_ids: z.array(z.string().max(64)).min(1).describe('Ids of the proxies, 1 to 500.'), change: z.strictObject(changeFields) }),
      bodyExample: { proxy_ids: ['prx_01k000000000000000000000'], change: { auto_renew: true } }, bulk: 'proxy_ids', autoRenew: ['change.auto_renew'],
      responses: { 200: { description: 'One result for each id, in the order given.', schema: changedSchema(proxySchema) } },
    }),
    async (context) => {
      const { proxy_ids: ids, change } = context.body;
      if (ids.length > BULK_MAX) throw new AppError('batch_too_large');
      if (Object.values(change).every((value) => value === undefined)) throw invalid('change', 'must change something');
      const now = deps.clock.now();
      const found = await findProxies(deps.db.platform, context.reach, ids);
      const changeable = [...found.values()].filter((row) => refusal(row, now) === null);
      const changed = new Map((await changeAs(deps, context, changeable, change)).map((row) => [row.id, row]));
      return json(200, changedAnswer(await Promise.all(ids.map((id) => changeItem(id, () => {
        const [row, known] = [changed.get(id), found.get(id)];
        if (row === undefined) throw known === undefined ? notFound() : (refusal(known, now) ?? new AppError('state_conflict'));
        return viewProxy(row, now);
      })))));
    },
  );
}

/** Switching auto_renew on is an act of somebody, and noted. */
function changeAs({ db, clock }: ProxyDeps, asking: Asking, rows: readonly ProxyRow[], change: ProxyChange): Promise<ProxyRow[]> {
  const ids = rows.map(({ id }) => id);
  if (change.auto_renew !== true) return changeProxies(db.platform, ids, change, clock.now());
  const before = new Map(rows.map((row) => [row.id, row.auto_renew]));
  return noted(db, actorOf(asking), (tx) => changeProxies(tx, ids, change, clock.now()), (changed) => changed.map((row) => autoRenewAct(row.id, row.account_id, before.get(row.id) === true)));
}

/** Throws 409 for a proxy that is over. */
export function assertChangeable(row: ProxyRow, now: Date): void {
  const error = refusal(row, now);
  if (error !== null) throw error;
}

function refusal(row: ProxyRow, now: Date): AppError | null {
  const state = stateOf(row, now);
  if (state === 'replaced') return new AppError('state_conflict', 'The proxy was replaced.');
  return state === 'expired' ? new AppError('state_conflict', 'The proxy has expired.') : null;
}

/** The rotation a proxy's product allows, or 409. */
export function rotationOf(row: ProxyRow): { readonly cooldownS: number; readonly minIntervalS: number } {
  const rotation = findProduct(row.product_id)?.rotation ?? null;
  if (rotation === null) throw new AppError('state_conflict', 'Proxies of this product keep their address.');
  return rotation;
}
