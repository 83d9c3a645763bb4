// What is sold: products, periods and prices by quantity. There are two shapes: static (single addresses for a period)
// and traffic (gigabytes of a pool). Prices are amounts per unit; price.ts has the arithmetic of an order.
import { multiply, parseUsd, type Units } from '@lumi/shared/money';

export type Shape = 'static' | 'traffic';
export type Protocol = 'http' | 'socks5';

export interface PriceTier {
  readonly periodDays: number;
  readonly minQuantity: number;
  /** Per proxy and period, or per GB. */
  readonly unitPrice: Units;
}

export interface ProxyProduct {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly shape: Shape;
  readonly protocols: readonly Protocol[];
  readonly authModes: readonly ('userpass' | 'ip' | 'both')[];
  readonly periodsDays: readonly number[];
  readonly minQuantity: number;
  readonly maxQuantity: number;
  readonly tiers: readonly PriceTier[];
  /** Static products: how often within a period an address is replaced free of charge, and the price after that. */
  readonly replace: { readonly freePerPeriod: number; readonly price: Units } | null;
  /** Products that can change their exit address on demand. */
  readonly rotation: { readonly cooldownS: number; readonly minIntervalS: number } | null;
  readonly bandwidth: string;
  /** Megabits a second in each direction; null: no limit. */
  readonly bandwidthMbps: number | null;
  /** Connections at the same time, through one proxy or login. */
  readonly concurrency: number;
  readonly targetsAllowed: string;
  /** For this many days after expiry a renewal keeps the address. */
  readonly graceDays: number;
}

/** The share of a 30-day price that each period costs. */
const PERIOD_FACTORS: Readonly<Record<number, string>> = {
  3: '0.2',
  7: '0.35',
  14: '0.6',
  30: '1',
  90: '2.7',
  180: '5.1',
};
const STATIC_TIERS = [
  [1, '1'],
  [10, '0.95'],
  [50, '0.9'],
  [100, '0.85'],
] as const;
const TRAFFIC_TIERS = [
  [1, '1'],
  [10, '0.92'],
  [50, '0.84'],
  [100, '0.78'],
  [500, '0.7'],
] as const;
const STATIC_MBPS = 100;
const POOL_CONCURRENCY = 1_000;
const ANY_TARGET = 'Everything but mail ports (25, 465, 587).';

export const PRODUCTS: readonly ProxyProduct[] = [
  staticProduct({
    id: 'ipv4',
    name: 'Dedicated IPv4',
    month: '1.70',
    periodsDays: [7, 30, 90, 180],
    free: 1,
    replacePrice: '0.50',
    concurrency: 250,
  }),
  staticProduct({
    id: 'ipv4_shared',
    name: 'Shared IPv4',
    month: '0.60',
    periodsDays: [7, 30, 90],
    free: 1,
    replacePrice: '0.25',
    concurrency: 100,
  }),
  staticProduct({
    id: 'ipv6',
    name: 'Dedicated IPv6',
    month: '0.12',
    periodsDays: [3, 7, 14, 30, 90, 180],
    free: 0,
    replacePrice: '0.05',
    concurrency: 250,
  }),
  staticProduct({
    id: 'isp',
    name: 'Static residential (ISP)',
    month: '3.40',
    periodsDays: [7, 30, 90],
    free: 1,
    replacePrice: '1.00',
    concurrency: 250,
  }),
  staticProduct({
    id: 'mobile',
    name: 'Dedicated mobile modem',
    month: '42.00',
    periodsDays: [3, 7, 30],
    free: 1,
    replacePrice: '5.00',
    concurrency: 100,
    rotation: { cooldownS: 60, minIntervalS: 120 },
    maxQuantity: 50,
  }),
  trafficProduct({ id: 'residential', name: 'Residential pool', gigabyte: '3.20' }),
  trafficProduct({ id: 'mobile_pool', name: 'Mobile pool', gigabyte: '4.50' }),
  trafficProduct({ id: 'dc_pool', name: 'Datacenter pool', gigabyte: '0.55' }),
];

const BY_ID = new Map(PRODUCTS.map((product) => [product.id, product]));

export function findProduct(id: string): ProxyProduct | null {
  return BY_ID.get(id) ?? null;
}

interface StaticTerms {
  readonly id: string;
  readonly name: string;
  readonly month: string;
  readonly periodsDays: readonly number[];
  readonly free: number;
  readonly replacePrice: string;
  readonly concurrency: number;
  readonly rotation?: NonNullable<ProxyProduct['rotation']>;
  readonly maxQuantity?: number;
}

function staticProduct(terms: StaticTerms): ProxyProduct {
  return {
    id: terms.id,
    name: terms.name,
    type: terms.id,
    shape: 'static',
    protocols: ['http', 'socks5'],
    authModes: ['userpass', 'ip', 'both'],
    periodsDays: terms.periodsDays,
    minQuantity: 1,
    maxQuantity: terms.maxQuantity ?? 200,
    tiers: tiersOf(terms.month, terms.periodsDays, STATIC_TIERS),
    replace: { freePerPeriod: terms.free, price: parseUsd(terms.replacePrice) },
    rotation: terms.rotation ?? null,
    bandwidth: `unmetered, ${String(STATIC_MBPS)} Mbit/s per proxy`,
    bandwidthMbps: STATIC_MBPS,
    concurrency: terms.concurrency,
    targetsAllowed: ANY_TARGET,
    graceDays: 3,
  };
}

function trafficProduct(terms: { id: string; name: string; gigabyte: string }): ProxyProduct {
  return {
    id: terms.id,
    name: terms.name,
    type: terms.id,
    shape: 'traffic',
    protocols: ['http', 'socks5'],
    authModes: ['userpass', 'both'],
    periodsDays: [30],
    minQuantity: 1,
    maxQuantity: 5_000,
    tiers: tiersOf(terms.gigabyte, [30], TRAFFIC_TIERS),
    replace: null,
    rotation: null,
    bandwidth: 'paid per GB, both directions',
    bandwidthMbps: null,
    concurrency: POOL_CONCURRENCY,
    targetsAllowed: ANY_TARGET,
    graceDays: 0,
  };
}

function tiersOf(
  base: string,
  periodsDays: readonly number[],
  quantities: readonly (readonly [number, string])[],
): PriceTier[] {
  return periodsDays.flatMap((periodDays) =>
    quantities.map(([minQuantity, discount]) => {
      const factor = PERIOD_FACTORS[periodDays];
      if (factor === undefined) throw new Error(`no price factor for ${String(periodDays)} days`);
      return { periodDays, minQuantity, unitPrice: multiply(multiply(parseUsd(base), factor), discount) };
    }),
  );
}
