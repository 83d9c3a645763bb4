// Buys static proxies.
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { sealOrderAuth } from '../access/credentials';
import { priceOrder } from '../catalog/price-order';
import { orderProxies, type OrderProxiesItem } from '../purchases/order-proxies';
import type { ProxyDeps } from '../wiring';
import { blockField, canonicalBlock, countryField, labelField, passwordField, usernameField } from './fields';
import { proxySchema } from '../views/proxy-view';

const ALLOWED_MAX = 20;
const COUNTRIES_MAX = 20;

export const orderFields = {
  product_id: z.string().max(32).describe('A product of shape `static`.').meta({ example: 'ipv4' }),
  items: z.array(z.strictObject({
    country: countryField,
    region: z.string().max(64).optional().describe('A region or city of `/products/{id}/locations`.'),
    quantity: z.int().min(1).max(200),
  })).min(1).max(COUNTRIES_MAX).refine((items) => new Set(items.map((item) => item.country)).size === items.length, 'must name each country once')
    .describe('How many proxies of which country.'),
  period_days: z.int().min(1).max(365),
  protocol: z.enum(['http', 'socks5']).optional().describe('`http` if absent; both ports work whatever is chosen, it is what exports use.'),
  auth: z.strictObject({
    mode: z.enum(['userpass', 'ip', 'both']).optional(),
    username: usernameField.optional(),
    password: passwordField.optional(),
    ips: z.array(blockField).max(ALLOWED_MAX).optional(),
  }).optional().describe('`userpass` if absent, with a pair of its own for each proxy unless you give one for all.'),
  rotation_s: z.int().min(60).max(86_400).optional().describe('Change the exit address on its own that often; only products that rotate.'),
  partial: z.enum(['reject', 'accept']).optional().describe('`accept` takes what is there and pays for that alone; `reject` (default) takes all or nothing.'),
  subnet_diversity: z.boolean().optional().describe('No two proxies of the order in one subnet.'),
  auto_renew: z.boolean().optional(),
  label: labelField.optional(),
};

export const orderBody = z.object({ ...orderFields, ...purchaseFields });
export type OrderBody = z.output<typeof orderBody>;

export const deliverySchema = z.object({
  state: z.enum(['complete', 'partial']), requested: z.int(), delivered: z.int(),
  items: z.array(z.object({ country: z.string(), region: z.string().nullable(), requested: z.int(), delivered: z.int(), unit_price_usd: usdOutput })),
}).meta({ id: 'Delivery' });

export function orderProxiesEndpoint(deps: ProxyDeps): Endpoint {
  const thing = orderProxies(deps);
  return endpoint(
    defineRoute({
      id: 'order-proxies', method: 'POST', path: '/orders', summary: 'Buy proxies', tag: 'Orders', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'Buys proxies of one product in one or several countries. The unit price is that of the tier the whole order reaches. The money is held first; what is not delivered is released, never charged.',
      body: orderBody,
      bodyExample: { product_id: 'ipv4', items: [{ country: 'DE', quantity: 2 }, { country: 'US', quantity: 1 }], period_days: 30, max_price_usd: '10' },
      responses: {
        200: { description: 'Dry run: this order would go through.', schema: z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput }) },
        201: { description: 'Delivered, wholly or in part.', schema: z.object({ order: orderSchema, delivery: deliverySchema, proxies: z.array(proxySchema) }) },
        202: { description: 'Not settled yet; poll the operation.', schema: z.object({ operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'not_available', 'out_of_stock', 'supplier_error'],
    }),
    async (context) => {
      const { body } = context;
      const blocks = allowedBlocks(body, context.clientIp);
      const wish = wishOf(body);
      const priced = await priceOrder(deps.network, wish);
      return purchaseReply(await purchase(deps.purchases, {
        thing, item: itemOf(deps, context.accountId, body, priced.lines, blocks), subject: `${String(priced.quantity)} × ${body.product_id}`, lockKey: null, price: priced.price,
        refusal: priced.refusal ?? rotationRefusal(body, priced.product?.rotation ?? null), ...requestPart(context),
      }));
    },
  );
}

export function wishOf(body: Pick<OrderBody, 'product_id' | 'items' | 'period_days' | 'partial'>) {
  return {
    productId: body.product_id, items: body.items.map((item) => ({ country: item.country, place: item.region ?? null, quantity: item.quantity })), periodDays: body.period_days, acceptsPartial: body.partial === 'accept',
  };
}

export function itemOf(deps: Pick<ProxyDeps, 'ring'>, accountId: string, body: Omit<OrderBody, keyof typeof purchaseFields>, lines: readonly { country: string; place: string | null; quantity: number; unitPrice: bigint }[], blocks: readonly string[]): OrderProxiesItem {
  return {
    product_id: body.product_id, items: lines.map((line) => ({ country: line.country, place: line.place, quantity: line.quantity, unit_price_usd: formatUsd(line.unitPrice) })), period_days: body.period_days,
    protocol: body.protocol ?? 'http', auth_mode: body.auth?.mode ?? 'userpass', auth: sealOrderAuth(deps.ring, accountId, { username: body.auth?.username, password: body.auth?.password }),
    allowed_blocks: blocks, rotation_s: body.rotation_s ?? null, partial: body.partial ?? 'reject', subnet_diversity: body.subnet_diversity ?? false, auto_renew: body.auto_renew ?? false, label: body.label ?? null,
  };
}

/** Throws 422. */
export function allowedBlocks(body: Pick<OrderBody, 'auth'>, clientIp: string | null): string[] {
  const blocks = (body.auth?.ips ?? []).map((text, index) => {
    const block = canonicalBlock(text === 'current' ? (clientIp ?? '') : text);
    if (block === null) throw invalid(`auth.ips.${String(index)}`, 'must be an address or a block no wider than /16 (IPv6: /32)');
    return block;
  });
  if (body.auth?.mode === 'ip' && blocks.length === 0) throw invalid('auth.ips', 'must name at least one address when proxies are used without a password');
  return [...new Set(blocks)];
}

export function rotationRefusal(body: Pick<OrderBody, 'rotation_s'>, rotation: { readonly minIntervalS: number } | null) {
  if (body.rotation_s === undefined) return null;
  if (rotation === null) return invalid('rotation_s', 'this product keeps its addresses');
  return body.rotation_s < rotation.minIntervalS ? invalid('rotation_s', `must be at least ${String(rotation.minIntervalS)}`) : null;
}

