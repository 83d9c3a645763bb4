// Where a product is available, with the stock. The network is asked on each request, because old stock figures
// mislead.
import { z } from 'zod';
import { AppError, defineRoute, notFound, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { pageOfWhole } from '@lumi/shared/listing';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import { surchargeFor } from '../catalogue/price';
import { findProduct } from '../catalogue/products';
import type { ProxyDeps } from '../deps';
import { countryField } from './fields';

const ASK_LIMIT_MS = 5_000;
const LOW_STOCK = 10;

const locationSchema = z
  .object({
    level: z.enum(['country', 'region', 'city', 'asn']),
    code: z.string().describe('Of the place; with what it is ordered.'),
    country: z.string(),
    name: z.string(),
    stock: z.int().nullable().describe('Null where stock is not counted, as in pools.'),
    availability: z.enum(['in_stock', 'low', 'out', 'unknown']),
    price_delta_usd: usdOutput.describe('On top of the unit price, for `period_days`.'),
  })
  .meta({ id: 'Location' });

export function listLocations(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-locations',
      method: 'GET',
      path: '/products/{id}/locations',
      summary: 'List locations of a product',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      description:
        'Countries (or regions, cities, networks) with stock and price difference. Stock is a snapshot: an ' +
        'order takes it or is refused, it is never charged for what is not delivered.',
      params: z.object({ id: z.string().max(32).describe('Id of the product.').meta({ example: 'ipv4' }) }),
      query: pageQuery.extend({
        country: countryField.optional().describe('Only places of this country.'),
        level: z.enum(['country', 'region', 'city', 'asn']).optional().describe('Kind of places; countries if absent.'),
        period_days: z
          .string()
          .regex(/^[1-9]\d{0,2}$/, 'must be a number of days')
          .optional()
          .describe('Period for which price differences are stated; 30 if absent.'),
      }),
      responses: {
        200: {
          description: 'A page of places.',
          schema: z
            .object({ product_id: z.string(), period_days: z.int(), checked_at: z.string() })
            .extend(pageOf(locationSchema).shape),
          example: {
            product_id: 'ipv4',
            period_days: 30,
            checked_at: '2026-06-09T12:00:00Z',
            items: [
              {
                level: 'country',
                code: 'DE',
                country: 'DE',
                name: 'Germany',
                stock: 2871,
                availability: 'in_stock',
                price_delta_usd: '0.00',
              },
            ],
            next_cursor: null,
            has_more: false,
          },
        },
      },
    }),
    async ({ params, query }) => {
      const product = findProduct(params.id);
      if (product === null) throw notFound();
      const level = query.level ?? 'country';
      const periodDays = Number.parseInt(query.period_days ?? '30', 10);
      const places = await deps.networks
        .forProduct(product.id)
        .locations(product.id, AbortSignal.timeout(ASK_LIMIT_MS))
        .catch((cause: unknown) => {
          throw new AppError('service_unavailable', undefined, { retryAfterS: 5, cause });
        });
      const shown = places.filter(
        (place) => place.level === level && (query.country ?? place.country) === place.country,
      );
      return json(200, {
        product_id: product.id,
        period_days: periodDays,
        checked_at: isoSeconds(deps.service.clock.now()),
        ...pageOfWhole(shown, {
          route: 'list-locations',
          of: product.id,
          query,
          cursors: deps.service.cursors,
          key: ({ country, code }) => `${country} ${code}`,
          view: (place) => ({
            level: place.level,
            code: place.code,
            country: place.country,
            name: place.name,
            stock: place.stock,
            availability: availabilityOf(place.stock),
            price_delta_usd: formatUsd(surchargeFor(product, place.surcharge, periodDays)),
          }),
        }),
      });
    },
  );
}

function availabilityOf(stock: number | null): 'in_stock' | 'low' | 'out' {
  if (stock === null) return 'in_stock';
  if (stock <= 0) return 'out';
  return stock < LOW_STOCK ? 'low' : 'in_stock';
}
