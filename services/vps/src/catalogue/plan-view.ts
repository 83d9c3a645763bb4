// The view of a plan, with its prices and its stock.
import { z } from 'zod';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import type { Plan } from './catalogue';

export const planSchema = z
  .object({
    id: z.string().describe('What `plan_id` of a purchase takes.'),
    name: z.string(),
    vcpu: z.int(),
    cpu_type: z.enum(['shared', 'dedicated']),
    arch: z.enum(['x86_64', 'arm64']),
    ram_mb: z.int(),
    disk_gb: z.int(),
    disk_type: z.string(),
    traffic_gb: z.int().describe('Included per month.'),
    port_mbps: z.int(),
    ipv4: z.int().describe('Addresses included.'),
    ipv6: z.string().describe('Size of the prefix included.'),
    prices: z.array(
      z.object({
        location_id: z.string(),
        period_months: z.int(),
        price_usd: usdOutput.describe('The first period, without set-up.'),
        setup_usd: usdOutput.describe('Once, with the first period.'),
        renew_price_usd: usdOutput.describe('Every further period.'),
      }),
    ),
    availability: z.array(
      z.object({ location_id: z.string(), state: z.enum(['in_stock', 'low', 'out']), checked_at: z.string() }),
    ),
    deprecated_at: z.string().nullable().describe('Set: no longer sold, but renewed.'),
  })
  .meta({ id: 'Plan' });

export const planExample = {
  id: 's1',
  name: 'S1',
  vcpu: 1,
  cpu_type: 'shared',
  arch: 'x86_64',
  ram_mb: 1024,
  disk_gb: 20,
  disk_type: 'nvme',
  traffic_gb: 1000,
  port_mbps: 1000,
  ipv4: 1,
  ipv6: '/64',
  prices: [{ location_id: 'ams', period_months: 1, price_usd: '3.99', setup_usd: '0.00', renew_price_usd: '3.99' }],
  availability: [{ location_id: 'ams', state: 'in_stock', checked_at: '2026-06-09T12:00:00Z' }],
  deprecated_at: null,
};

export function viewPlan(plan: Plan): z.output<typeof planSchema> {
  return {
    id: plan.id,
    name: plan.name,
    vcpu: plan.vcpu,
    cpu_type: plan.cpuType as 'shared' | 'dedicated',
    arch: plan.arch as 'x86_64' | 'arm64', // ensured by check constraints of the table
    ram_mb: plan.ramMb,
    disk_gb: plan.diskGb,
    disk_type: plan.diskType,
    traffic_gb: plan.trafficGb,
    port_mbps: plan.portMbps,
    ipv4: plan.ipv4,
    ipv6: plan.ipv6,
    prices: plan.prices.map((price) => ({
      location_id: price.locationId,
      period_months: price.periodMonths,
      price_usd: formatUsd(price.price),
      setup_usd: formatUsd(price.setup),
      renew_price_usd: formatUsd(price.renewPrice),
    })),
    availability: plan.stock.map((stock) => ({
      location_id: stock.locationId,
      state: stock.state,
      checked_at: isoSeconds(stock.checkedAt),
    })),
    deprecated_at: plan.deprecatedAt === null ? null : isoSeconds(plan.deprecatedAt),
  };
}
