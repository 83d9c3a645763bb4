// Buys traffic: a plan, or more gigabytes for one.
import { z } from 'zod';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput, type Units } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { sealOrderAuth } from '../access/credentials';
import { unitPrice } from '../catalog/price';
import { findProduct, type ProxyProduct } from '../catalog/products';
import { buyTraffic, topUpTraffic } from '../purchases/traffic';
import { findPlan } from '../store/traffic';
import type { ProxyDeps } from '../wiring';
import { idParam, labelField } from './fields';
import { planSchema } from '../views/plan-view';

const gbField = z.int().min(1).max(100_000).describe('Gigabytes of 10^9 bytes.');
const dryRunSchema = z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput });
const pendingAnswer = { description: 'Not settled yet; poll the operation.', schema: z.object({ operation_id: z.string(), order: orderSchema }) };
const common = { tag: 'Traffic', scope: 'buy', class: 'money', reach: 'account', dryRun: true } as const;

export function buyTrafficPlan(deps: ProxyDeps): Endpoint {
  const thing = buyTraffic(deps);
  return endpoint(
    defineRoute({
      ...common, id: 'buy-traffic-plan', method: 'POST', path: '/traffic-plans', summary: 'Buy a traffic plan',
      description: 'Gigabytes of a pool, usable for 30 days. The price per GB falls with the quantity of the order.',
      body: z.object({ pool: z.string().max(32).describe('A product of shape `traffic`.').meta({ example: 'residential' }), gb: gbField, label: labelField.optional(), ...purchaseFields }),
      bodyExample: { pool: 'residential', gb: 10 },
      responses: { 200: { description: 'Dry run: this would go through.', schema: dryRunSchema }, 201: { description: 'The plan.', schema: z.object({ order: orderSchema, plan: planSchema }) }, 202: pendingAnswer },
      errors: ['price_changed', 'not_available', 'supplier_error'],
    }),
    async (context) => {
      const { pool, gb, label } = context.body;
      const priced = priceTraffic(pool, gb);
      return purchaseReply(await purchase(deps.purchases, {
        thing, item: { pool, gb, period_days: priced.periodDays, auth: sealOrderAuth(deps.ring, context.accountId, {}), label: label ?? null },
        subject: `${String(gb)} GB ${pool}`, lockKey: null, price: priced.price, refusal: priced.refusal, ...requestPart(context),
      }));
    },
  );
}

export function topUpTrafficPlan(deps: ProxyDeps): Endpoint {
  const thing = topUpTraffic(deps);
  return endpoint(
    defineRoute({
      ...common, id: 'top-up-traffic-plan', method: 'POST', path: '/traffic-plans/{id}/topup', summary: 'Add gigabytes to a plan',
      description: 'What is left stays, and the plan is usable for at least 30 days more. The price per GB is that of the quantity added.',
      params: z.object({ id: idParam('tpl', 'the plan') }), body: z.object({ gb: gbField, ...purchaseFields }), bodyExample: { gb: 5 },
      responses: {
        200: { description: 'Added; for a dry run, what it would cost.', schema: z.union([z.object({ order: orderSchema, plan_id: z.string(), gb_added: z.int() }), dryRunSchema]) },
        202: pendingAnswer,
      },
      errors: ['price_changed', 'supplier_error'],
    }),
    async (context) => {
      const plan = await findPlan(deps.db.platform, context.reach, context.params.id);
      if (plan === null) throw notFound();
      const { gb } = context.body;
      const priced = priceTraffic(plan.pool, gb);
      return purchaseReply(await purchase(deps.purchases, {
        thing, item: { plan_id: plan.id, network_id: plan.network_id, pool: plan.pool, gb, period_days: priced.periodDays, note: plan.label },
        subject: plan.id, lockKey: null, price: priced.price, refusal: priced.refusal, ...requestPart(context),
      }));
    },
  );
}

export function priceTraffic(pool: string, gb: number): { product: ProxyProduct | null; price: Units; periodDays: number; refusal: AppError | null } {
  const product = findProduct(pool);
  const periodDays = product?.periodsDays[0] ?? 0;
  const unit = product?.shape === 'traffic' ? unitPrice(product, periodDays, gb) : null;
  if (product === null || unit === null) return { product, price: 0n, periodDays, refusal: new AppError('not_available', 'There is no such pool.') };
  const refusal = gb > product.maxQuantity ? invalid('gb', `must be at most ${String(product.maxQuantity)}`) : null;
  return { product, price: unit * BigInt(gb), periodDays, refusal };
}
