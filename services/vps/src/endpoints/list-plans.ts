import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfWhole } from '@lumi/shared/listing';
import { parseUsd, usdInput } from '@lumi/shared/money';
import { listPlans as readPlans, type Plan } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';
import { planExample, planSchema, viewPlan } from '../catalogue/plan-view';

const query = pageQuery.extend({
  location_id: z.string().max(32).optional().describe('Only this location: its prices, its availability.'),
  arch: z.enum(['x86_64', 'arm64']).optional().describe('Only plans of this architecture.'),
  cpu_type: z.enum(['shared', 'dedicated']).optional().describe('Only plans with such cores.'),
  min_ram: z
    .string()
    .regex(/^\d{1,7}$/, 'must be a whole number of MB')
    .optional()
    .describe('At least this much memory, in MB.'),
  min_vcpu: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .optional()
    .describe('At least this many cores.'),
  period_months: z
    .string()
    .regex(/^\d{1,2}$/, 'must be a whole number of months')
    .optional()
    .describe('Only prices of this period.'),
  max_price_usd: usdInput.optional().describe('Only prices up to this, set-up not counted.'),
  in_stock: z.enum(['true', 'false']).optional().describe('`true`: only where at least one is left.'),
});

export function listPlans({ service }: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-plans',
      method: 'GET',
      path: '/plans',
      summary: 'List plans',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description:
        'Sizes of servers with their prices per location and period, and what is in stock where. A filter ' +
        'that leaves a plan no price leaves the plan out.',
      query,
      responses: {
        200: {
          description: 'A page of plans.',
          schema: pageOf(planSchema),
          example: { items: [planExample], next_cursor: null, has_more: false },
        },
      },
    }),
    async (context) => {
      const shown = (await readPlans(service.db.platform)).flatMap((plan) => narrow(plan, context.query));
      return json(
        200,
        pageOfWhole(shown, {
          route: 'list-plans',
          query: context.query,
          cursors: service.cursors,
          key: ({ id }) => id,
          view: viewPlan,
        }),
      );
    },
  );
}

/** The plan with the offers that match the filter; nothing when no offer is left. */
function narrow(plan: Plan, filter: z.output<typeof query>): Plan[] {
  if (filter.arch !== undefined && plan.arch !== filter.arch) return [];
  if (filter.cpu_type !== undefined && plan.cpuType !== filter.cpu_type) return [];
  if (filter.min_ram !== undefined && plan.ramMb < Number.parseInt(filter.min_ram, 10)) return [];
  if (filter.min_vcpu !== undefined && plan.vcpu < Number.parseInt(filter.min_vcpu, 10)) return [];
  const stock = plan.stock.filter(
    (one) =>
      (filter.location_id === undefined || one.locationId === filter.location_id) &&
      (filter.in_stock !== 'true' || one.state !== 'out'),
  );
  const ceiling = filter.max_price_usd === undefined ? null : parseUsd(filter.max_price_usd);
  const prices = plan.prices.filter(
    (one) =>
      (filter.period_months === undefined || one.periodMonths === Number.parseInt(filter.period_months, 10)) &&
      (ceiling === null || one.price <= ceiling) &&
      stock.some((left) => left.locationId === one.locationId),
  );
  return prices.length === 0 ? [] : [{ ...plan, prices, stock }];
}
