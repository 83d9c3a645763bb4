// The view of a product for callers.
import { z } from 'zod';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { findProduct, type ProxyProduct } from './products';

export const productSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    shape: z.enum(['static', 'traffic']),
    unit: z.enum(['proxy', 'gb']).describe('What quantities count and prices are for.'),
    protocols: z.array(z.enum(['http', 'socks5'])),
    auth_modes: z.array(z.enum(['userpass', 'ip', 'both'])),
    periods_days: z.array(z.int()),
    min_qty: z.int(),
    max_qty: z.int(),
    price_tiers: z
      .array(z.object({ period_days: z.int(), min_qty: z.int(), price_usd: usdOutput }))
      .describe('Price of one unit; the tier is chosen by the quantity of the whole order.'),
    replace: z.object({ free_per_period: z.int(), price_usd: usdOutput }).nullable(),
    rotation: z.object({ cooldown_s: z.int(), min_interval_s: z.int() }).nullable(),
    bandwidth: z.string(),
    bandwidth_mbps: z.int().nullable(),
    concurrency: z.int(),
    targets_allowed: z.string(),
    grace_days: z.int().describe('Days after expiry in which a renewal still keeps the address.'),
  })
  .meta({ id: 'Product' });

export function viewProduct(product: ProxyProduct): z.output<typeof productSchema> {
  return {
    id: product.id,
    name: product.name,
    type: product.type,
    shape: product.shape,
    unit: product.shape === 'static' ? 'proxy' : 'gb',
    protocols: [...product.protocols],
    auth_modes: [...product.authModes],
    periods_days: [...product.periodsDays],
    min_qty: product.minQuantity,
    max_qty: product.maxQuantity,
    price_tiers: product.tiers.map((tier) => ({
      period_days: tier.periodDays,
      min_qty: tier.minQuantity,
      price_usd: formatUsd(tier.unitPrice),
    })),
    replace:
      product.replace === null
        ? null
        : { free_per_period: product.replace.freePerPeriod, price_usd: formatUsd(product.replace.price) },
    rotation:
      product.rotation === null
        ? null
        : { cooldown_s: product.rotation.cooldownS, min_interval_s: product.rotation.minIntervalS },
    bandwidth: product.bandwidth,
    bandwidth_mbps: product.bandwidthMbps,
    concurrency: product.concurrency,
    targets_allowed: product.targetsAllowed,
    grace_days: product.graceDays,
  };
}

const sample = findProduct('ipv4');
export const productExample = sample === null ? undefined : viewProduct(sample);
