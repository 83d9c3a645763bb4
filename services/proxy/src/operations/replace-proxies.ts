// Replaces addresses, free within the quota of each proxy's period, paid beyond it.
import { z } from 'zod';
import { AppError, defineRoute, invalid, newId } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { findProduct, type ProxyProduct } from '../catalog/products';
import { askPlaces } from '../catalog/price-order';
import { replacedProxy, replaceProxies, type ReplaceProxiesItem } from '../purchases/replace-proxies';
import { findProxies, listProxies } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../wiring';
import { allFound, countryField, requireBuy } from './fields';
import { replacementSchema } from '../views/replacement-view';

const SELECTED_MAX = 100;

const body = z.object({
  select: z.strictObject({
    proxy_ids: z.array(z.string().max(64)).min(1).max(SELECTED_MAX).optional(),
    country: countryField.optional(),
    subnet: z.string().max(49).optional(),
    unhealthy: z.literal(true).optional(),
  }).refine((select) => Object.values(select).filter((value) => value !== undefined).length === 1, 'must have exactly one of proxy_ids, country, subnet, unhealthy')
    .describe('Which proxies: by id, or all live ones of a country, in a subnet, or that failed their last check. At most 100, all of one product.'),
  with: z.strictObject({
    country: countryField.optional(),
    different_subnet: z.boolean().optional(),
  }).optional().describe('What should come instead; the same country if absent.'),
  reason: z.string().min(1).max(256).optional(),
  expected_price_usd: purchaseFields.expected_price_usd,
  max_price_usd: purchaseFields.max_price_usd,
});

export function replaceProxiesEndpoint(deps: ProxyDeps): Endpoint {
  const thing = replaceProxies(deps);
  return endpoint(
    defineRoute({
      id: 'replace-proxies', method: 'POST', path: '/proxies/replace', summary: 'Replace addresses', tag: 'Proxies', scope: 'write', class: 'money', reach: 'account', dryRun: true,
      description: 'Gives you other addresses for proxies you have. Expiry, credentials, label and settings move to the new proxy; the old one ends at once. Each proxy can be replaced for nothing as often per period as its product says; beyond that it costs the product\'s price and needs the buy scope. All or none.',
      body, bodyExample: { select: { proxy_ids: ['prx_01k0000000000000000000000'] }, with: { different_subnet: true }, reason: 'blocked by target' },
      responses: {
        200: {
          description: 'Dry run: what would be replaced and what it would cost.',
          schema: z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), price_usd: usdOutput, removed: z.array(z.string()), free: z.int(), paid: z.int() }),
        },
        201: { description: 'Replaced.', schema: z.object({ order: orderSchema, replacement: replacementSchema }) },
        202: { description: 'Not settled yet; poll the operation or the replacement.', schema: z.object({ operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'not_available', 'out_of_stock', 'state_conflict', 'busy', 'supplier_error'],
    }),
    async (context) => {
      const rows = await selected(deps, context.reach, context.body.select);
      const product = productOf(rows);
      const item = itemOf(deps, rows, product, context.body);
      const free = item.proxies.filter((proxy) => proxy.is_free).length;
      const paid = item.proxies.length - free;
      if (paid > 0) requireBuy(context.principal);
      const price = (product.replace?.price ?? 0n) * BigInt(paid);
      const answer = await purchase(deps.purchases, {
        thing, item, subject: rows.length === 1 ? (rows[0]?.id ?? '') : `${String(rows.length)} × ${product.id}`, lockKey: null, price,
        refusal: await refusalOf(deps, rows, product, context.body.with?.country ?? null), ...requestPart(context),
      });
      if (!context.dryRun) return purchaseReply(answer);
      return json(200, { dry_run: true, would_succeed: true, price_usd: formatUsd(price), removed: rows.map((row) => row.id), free, paid });
    },
  );
}

async function selected(deps: ProxyDeps, reach: Reach, select: z.output<typeof body>['select']): Promise<ProxyRow[]> {
  const { platform } = deps.db;
  if (select.proxy_ids !== undefined) {
    const ids = [...new Set(select.proxy_ids)];
    return allFound(ids, await findProxies(platform, reach, ids));
  }
  const now = deps.clock.now();
  const filter = { country: select.country, subnet: select.subnet, healthy: select.unhealthy === true ? false : undefined };
  const rows = (await listProxies(platform, reach, filter, { limit: SELECTED_MAX * 10, after: null, sort: 'newest', now })).filter((row) => isReplaceable(row, now));
  if (rows.length === 0) throw invalid('select', 'selects no live proxy');
  if (rows.length > SELECTED_MAX) throw invalid('select', `selects more than ${String(SELECTED_MAX)} proxies`);
  return rows;
}

function productOf(rows: readonly ProxyRow[]): ProxyProduct {
  const product = findProduct(rows[0]?.product_id ?? '');
  if (product === null || rows.some((row) => row.product_id !== product.id)) throw invalid('select', 'must select proxies of one product');
  return product;
}

function isReplaceable(row: ProxyRow, now: Date): boolean {
  return ['active', 'expiring'].includes(stateOf(row, now));
}

function itemOf(deps: ProxyDeps, rows: readonly ProxyRow[], product: ProxyProduct, wish: Pick<z.output<typeof body>, 'with' | 'reason'>): ReplaceProxiesItem {
  return {
    replacement_id: newId('rep', deps.clock.nowMs()), product_id: product.id, proxies: rows.map((row) => replacedProxy(row, product.replace?.freePerPeriod ?? 0)),
    country: wish.with?.country ?? null, different_subnet: wish.with?.different_subnet ?? false, reason: wish.reason ?? null,
  };
}

async function refusalOf(deps: ProxyDeps, rows: readonly ProxyRow[], product: ProxyProduct, country: string | null): Promise<AppError | null> {
  const now = deps.clock.now();
  const over = rows.find((row) => !isReplaceable(row, now));
  if (over !== undefined) return new AppError('state_conflict', undefined, { details: [{ path: 'select', message: `${over.id} is ${stateOf(over, now)}` }] });
  const { countries } = await askPlaces(deps.network, product.id);
  for (const target of new Set(rows.map((row) => country ?? row.country))) {
    const place = countries.get(target);
    if (place === undefined) return new AppError('not_available', undefined, { details: [{ path: 'with.country', message: `${product.id} is not sold in ${target}` }] });
    const wanted = rows.filter((row) => (country ?? row.country) === target).length;
    if ((place.stock ?? wanted) < wanted) return new AppError('out_of_stock');
  }
  return null;
}
