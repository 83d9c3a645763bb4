// Renews all proxies of an order together.
import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { priceRenewal } from '../catalog/price-renewal';
import { renewProxies } from '../purchases/renew-proxies';
import { proxiesOfOrder } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../wiring';
import { idParam, instantField } from './fields';

export const renewedSchema = z.object({
  order: orderSchema,
  proxies: z.array(z.object({ id: z.string(), previous_expires_at: z.string(), expires_at: z.string(), price_usd: usdOutput })),
}).meta({ id: 'Renewal' });

export function renewOrder(deps: ProxyDeps): Endpoint {
  const thing = renewProxies(deps);
  return endpoint(
    defineRoute({
      id: 'renew-order', method: 'POST', path: '/orders/{id}/renew', summary: 'Renew the proxies of an order', tag: 'Orders', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'Extends every proxy of the order that is alive or in grace, all or none. `current_expires_at` is the expiry you see now: a request that comes a second time does not extend twice, even under another Idempotency-Key.',
      params: z.object({ id: idParam('ord', 'the order that bought the proxies') }),
      body: z.object({
        period_days: z.int().min(1).max(365),
        current_expires_at: instantField.describe('The expiry all proxies of the order have now.'),
        ...purchaseFields,
      }),
      bodyExample: { period_days: 30, current_expires_at: '2026-07-09T12:00:00Z' },
      responses: {
        200: { description: 'Renewed; for a dry run, what it would cost.', schema: z.union([renewedSchema, z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput })]) },
        202: { description: 'Not settled yet; poll the operation.', schema: z.object({ operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'busy', 'supplier_error'],
    }),
    async (context) => {
      const rows = await proxiesOfOrder(deps.db.platform, context.reach, context.params.id);
      if (rows.length === 0) throw notFound();
      const alive = rows.filter((row) => row.state === 'active');
      const priced = await priceRenewal(deps.network, alive, context.body.period_days);
      return purchaseReply(await purchase(deps.purchases, {
        thing, item: priced.item, subject: context.params.id, lockKey: null, price: priced.price,
        refusal: priced.refusal ?? renewRefusal(alive, context.body.current_expires_at, deps.clock.now()), ...requestPart(context),
      }));
    },
  );
}

/** Why these proxies cannot be renewed from that expiry. */
export function renewRefusal(rows: readonly ProxyRow[], currentExpiresAt: string, now: Date): AppError | null {
  if (rows.length === 0) return new AppError('state_conflict', 'Nothing of it is left to renew.');
  if (rows.some((row) => ['expired', 'replaced'].includes(stateOf(row, now)))) return new AppError('state_conflict', 'It has expired beyond its grace period.');
  const stated = isoSeconds(new Date(currentExpiresAt));
  const other = rows.find((row) => isoSeconds(row.expires_at) !== stated);
  return other === undefined ? null : new AppError('expiry_mismatch', undefined, { details: [{ path: 'current_expires_at', message: isoSeconds(other.expires_at) }] });
}

