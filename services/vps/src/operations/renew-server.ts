import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import { usdOutput } from '@lumi/shared/money';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { serverRenew } from '../purchases/server-renew';
import { refusalOf } from '../servers/server-rules';
import { findPlan, priceOf } from '../store/catalogue';
import type { Server } from '../store/servers';
import type { Vps } from '../vps';
import { serverParams } from './fields';
import { requireServer } from './require-server';

const body = z.object({
  current_expires_at: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-06-09T12:00:00Z' }).describe('`expires_at` as you know it: a renewal that was already done is refused with `expiry_mismatch`.'),
  period_months: z.union([z.literal(1), z.literal(3), z.literal(6), z.literal(12)]).optional().describe('The period it was bought for, if absent.'),
  ...purchaseFields,
});

const renewedSchema = z.object({
  server_id: z.string(), period_months: z.int(), previous_expires_at: z.string(), expires_at: z.string(), price_usd: usdOutput, order: orderSchema,
});

export function renewServer(vps: Vps): Endpoint {
  const thing = serverRenew(vps);
  return endpoint(
    defineRoute({
      id: 'renew-server', method: 'POST', path: '/servers/{id}/renew', summary: 'Renew a server', tag: 'Servers', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'Adds a period to `expires_at`, in grace and while suspended too. It lifts a suspension for want of payment, and takes back a deletion planned for the end of the period.',
      params: serverParams, body, bodyExample: { current_expires_at: '2026-07-09T12:00:00Z', max_price_usd: '4.00' },
      responses: {
        200: { description: 'Renewed; or, with `dry_run`, what it would cost.', schema: z.union([renewedSchema, z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput })]) },
        202: { description: 'A suspended server is being brought back; the money is taken when it runs.', schema: z.object({ operation_id: z.string(), order: orderSchema }) },
      },
      errors: ['price_changed', 'expiry_mismatch', 'not_available', 'state_conflict', 'busy', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const server = await requireServer(vps, context.reach, context.params.id);
      const periodMonths = context.body.period_months ?? server.periodMonths;
      const plan = await findPlan(vps.service.db.platform, server.planId);
      const price = plan === null ? null : priceOf(plan, server.locationId, periodMonths);
      const refusal = refusalOf('renew', { ...server, renewPrice: price?.renewPrice ?? null }) ?? expiryRefusal(server, context.body.current_expires_at);
      return purchaseReply(await purchase(vps.service.purchases, {
        thing, subject: server.id, lockKey: `renew:${server.id}`, price: price?.renewPrice ?? 0n, refusal, ...requestPart(context),
        item: { server_id: server.id, hostname: server.hostname, period_months: periodMonths, plan_id: server.planId, from_expires_at: (server.expiresAt ?? server.createdAt).toISOString() },
      }));
    },
  );
}

/** Callers know the expiry to the second. */
function expiryRefusal(server: Server, known: string): AppError | null {
  const current = server.expiresAt === null ? null : isoSeconds(server.expiresAt);
  return current === isoSeconds(new Date(known)) ? null : new AppError('expiry_mismatch', undefined, { details: [{ path: 'current_expires_at', message: current ?? 'none' }] });
}
