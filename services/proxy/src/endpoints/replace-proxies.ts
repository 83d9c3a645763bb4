// Replaces addresses: free of charge within the quota of each proxy's period, paid beyond it.
import { z } from 'zod';
import { blockField } from '@lumi/shared/addresses';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { requireScope } from '@lumi/shared/principal';
import { acceptedSchema, orderSchema, priceOf, purchaseFields, sell } from '@lumi/shared/purchase';
import { findProxies, listProxies } from '../store/proxies';
import type { ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../deps';
import { allFound, countryField } from './fields';
import { isReplaceable, replacementOffer } from './replacement-offer';
import { kindOf } from './offers';
import { replacementSchema } from '../views/replacement-view';

const SELECTED_MAX = 100;

const body = z.object({
  select: z
    .strictObject({
      proxy_ids: z.array(z.string().max(64)).min(1).max(SELECTED_MAX).optional(),
      country: countryField.optional(),
      subnet: blockField.optional(),
      unhealthy: z.literal(true).optional(),
    })
    .refine(
      (select) => Object.values(select).filter((value) => value !== undefined).length === 1,
      'must have exactly one of proxy_ids, country, subnet, unhealthy',
    )
    .describe(
      'Which proxies: by id, or all live ones of a country, in a subnet, or that failed their last check, without ' +
        'the suspended ones. At most 100, all of one product.',
    ),
  with: z
    .strictObject({
      country: countryField.optional(),
      different_subnet: z.boolean().optional(),
    })
    .optional()
    .describe('What should come instead; the same country if absent.'),
  reason: z.string().min(1).max(256).optional(),
  expected_price_usd: purchaseFields.expected_price_usd,
  max_price_usd: purchaseFields.max_price_usd,
  quote_id: purchaseFields.quote_id,
});

export function replaceProxiesEndpoint(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'replace-proxies',
      method: 'POST',
      path: '/proxies/replace',
      summary: 'Replace addresses',
      tag: 'Proxies',
      scope: 'write',
      class: 'money',
      reach: 'account',
      dryRun: true,
      list: 'select.proxy_ids',
      description:
        'Gives you other addresses for your proxies. Expiry, credentials, label and settings move to the new proxy; ' +
        'the old one ends at once. Each proxy has as many free replacements per period as its product says; further ' +
        "ones cost the product's price. A replacement keeps its value: if the other country has a higher surcharge, " +
        'you pay the difference for the days left; a lower one gives no refund. A replacement that costs money ' +
        'needs the buy scope. All or none are replaced; a suspended one is not: `423`.',
      body,
      bodyExample: {
        select: { proxy_ids: ['prx_01k000000000000000000000'] },
        with: { different_subnet: true },
        reason: 'blocked by target',
      },
      responses: {
        200: {
          description: 'Dry run: what would be replaced and what it would cost.',
          schema: z.object({
            dry_run: z.literal(true),
            would_succeed: z.literal(true),
            price_usd: usdOutput,
            removed: z.array(z.string()),
            free: z.int(),
            paid: z.int(),
          }),
        },
        201: { description: 'Replaced.', schema: z.object({ order: orderSchema, replacement: replacementSchema }) },
        202: { description: 'Not settled yet; poll the operation or the replacement.', schema: acceptedSchema },
      },
      errors: [
        'price_changed',
        'not_available',
        'out_of_stock',
        'state_conflict',
        'suspended',
        'busy',
        'supplier_error',
      ],
    }),
    async (context) => {
      const rows = await selected(deps, context.reach, context.body.select);
      const { free, paid, ...offer } = await replacementOffer(deps, rows, kindOf(rows), {
        ...context.body.with,
        reason: context.body.reason,
      });
      if (priceOf(offer) > 0n) requireScope(context.principal, 'buy');
      const reply = await sell(deps.service.purchases, context, offer);
      if (!context.dryRun) return reply;
      return json(200, {
        dry_run: true,
        would_succeed: true,
        price_usd: formatUsd(priceOf(offer)),
        removed: rows.map((row) => row.id),
        free,
        paid,
      });
    },
  );
}

async function selected(deps: ProxyDeps, reach: Reach, select: z.output<typeof body>['select']): Promise<ProxyRow[]> {
  const { platform } = deps.service.db;
  if (select.proxy_ids !== undefined) {
    const ids = [...new Set(select.proxy_ids)];
    return allFound(ids, await findProxies(platform, reach, ids));
  }
  const now = deps.service.clock.now();
  const filter = {
    country: select.country,
    subnet: select.subnet,
    healthy: select.unhealthy === true ? false : undefined,
  };
  const rows = (await listProxies(platform, reach, filter, { limit: SELECTED_MAX * 10, now })).filter(
    (row) => isReplaceable(row, now) && row.suspended_for === null,
  );
  if (rows.length === 0) throw invalid('select', 'selects no live proxy');
  if (rows.length > SELECTED_MAX) throw invalid('select', `selects more than ${String(SELECTED_MAX)} proxies`);
  return rows;
}
