// The price of an order and whether it can be delivered, from the catalogue and the network's places.
import { AppError, invalid } from '@lumi/shared/contract';
import type { Units } from '@lumi/shared/money';
import { costLine, type CostLine } from '@lumi/shared/purchase';
import type { Location, ProxyNetwork } from '../supplier/proxy-network';
import { surchargeFor, tiersOf, unitPrice } from './price';
import { findProduct, type ProxyProduct } from './products';

const ASK_LIMIT_MS = 5_000;

export interface OrderLine {
  readonly country: string;
  readonly place: string | null;
  readonly quantity: number;
  readonly unitPrice: Units;
  /** The country's surcharge, per 30 days; the unit price for the period contains it. */
  readonly surcharge: Units;
}

export interface PricedOrder {
  readonly product: ProxyProduct | null;
  readonly lines: readonly OrderLine[];
  readonly quantity: number;
  readonly cost: readonly CostLine[];
  /** The unit prices of all quantities, and what each country adds. A partial delivery is charged by them. */
  readonly tariff: OrderTariff;
  /** Why it cannot be delivered. Checked after cap and balance. */
  readonly refusal: AppError | null;
}

export interface OrderTariff {
  readonly [key: string]: unknown;
  readonly tiers: readonly { readonly min_quantity: number; readonly unit_price: string }[];
  /** By country, for the period. */
  readonly surcharges: Readonly<Record<string, string>>;
}

export interface OrderWish {
  readonly productId: string;
  readonly items: readonly { readonly country: string; readonly place: string | null; readonly quantity: number }[];
  readonly periodDays: number;
  readonly acceptsPartial: boolean;
}

/** Throws `service_unavailable` when the network does not answer. */
export async function priceOrder(network: ProxyNetwork, wish: OrderWish): Promise<PricedOrder> {
  const product = findProduct(wish.productId);
  const quantity = wish.items.reduce((sum, item) => sum + item.quantity, 0);
  const refused = (refusal: AppError): PricedOrder => ({
    product,
    lines: [],
    quantity,
    cost: [],
    tariff: { tiers: [], surcharges: {} },
    refusal,
  });
  if (product === null) return refused(new AppError('not_available', 'There is no such product.'));
  if (product.shape !== 'static')
    return refused(invalid('product_id', 'is sold by the gigabyte; use POST /traffic-plans'));
  const unit = unitPrice(product, wish.periodDays, quantity);
  if (unit === null) return refused(invalid('period_days', `must be one of ${product.periodsDays.join(', ')}`));
  const places = await askPlaces(network, product.id);
  const lines = wish.items.map((item) => {
    const surcharge = places.countries.get(item.country)?.surcharge ?? 0n;
    return { ...item, surcharge, unitPrice: unit + surchargeFor(product, surcharge, wish.periodDays) };
  });
  const tariff = {
    tiers: tiersOf(product, wish.periodDays).map(({ minQuantity, unitPrice: price }) => ({
      min_quantity: minQuantity,
      unit_price: price.toString(),
    })),
    surcharges: Object.fromEntries(lines.map((line) => [line.country, (line.unitPrice - unit).toString()])),
  };
  const cost = lines.map((line) =>
    costLine(lineLabel(product.id, line.country, wish.periodDays), line.unitPrice, { times: line.quantity }),
  );
  return { product, lines, quantity, cost, tariff, refusal: refusalOf(product, wish, quantity, places) };
}

function lineLabel(productId: string, country: string, periodDays: number): string {
  return `${productId} in ${country}, ${String(periodDays)} days`;
}

/** The price of these quantities per country by this tariff. The tier is the one that they reach together. */
export function costOfDelivery(
  tariff: OrderTariff,
  order: { readonly productId: string; readonly periodDays: number },
  delivered: ReadonlyMap<string, number>,
): readonly CostLine[] {
  const together = [...delivered.values()].reduce((sum, count) => sum + count, 0);
  const tier = tariff.tiers.filter(({ min_quantity: least }) => least <= together).at(-1);
  if (tier === undefined) return [];
  return [...delivered].map(([country, count]) =>
    costLine(
      lineLabel(order.productId, country, order.periodDays),
      BigInt(tier.unit_price) + BigInt(tariff.surcharges[country] ?? '0'),
      { times: count },
    ),
  );
}

export interface Places {
  readonly countries: ReadonlyMap<string, Location>;
  readonly names: ReadonlySet<string>;
}

export async function askPlaces(network: ProxyNetwork, productId: string): Promise<Places> {
  const places = await network.locations(productId, AbortSignal.timeout(ASK_LIMIT_MS)).catch((cause: unknown) => {
    throw new AppError('service_unavailable', undefined, { retryAfterS: 5, cause });
  });
  return {
    countries: new Map(places.filter((place) => place.level === 'country').map((place) => [place.code, place])),
    names: new Set(
      places
        .filter((place) => place.level === 'region' || place.level === 'city')
        .map((place) => `${place.country} ${place.code}`),
    ),
  };
}

function refusalOf(product: ProxyProduct, wish: OrderWish, quantity: number, places: Places): AppError | null {
  if (quantity < product.minQuantity || quantity > product.maxQuantity)
    return invalid(
      'items',
      `must be ${String(product.minQuantity)} to ${String(product.maxQuantity)} proxies together`,
    );
  let available = 0;
  for (const [index, item] of wish.items.entries()) {
    const country = places.countries.get(item.country);
    if (country === undefined)
      return unavailable(`items.${String(index)}.country`, `${product.id} is not sold in ${item.country}`);
    if (item.place !== null && !places.names.has(`${item.country} ${item.place}`))
      return unavailable(`items.${String(index)}.region`, `is not a region or city of ${item.country}`);
    const left = country.stock ?? item.quantity;
    if (left < item.quantity && !wish.acceptsPartial) {
      return new AppError('out_of_stock', undefined, {
        details: [{ path: `items.${String(index)}.quantity`, message: `${String(left)} left in ${item.country}` }],
      });
    }
    available += Math.min(left, item.quantity);
  }
  return available === 0 ? new AppError('out_of_stock') : null;
}

function unavailable(path: string, message: string): AppError {
  return new AppError('not_available', undefined, { details: [{ path, message }] });
}
