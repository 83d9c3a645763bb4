// What the API says about its prices, and the arithmetic of the model: whole numbers of 1/10,000 USD.

export interface Catalogue {
  /** The items of `GET /plans`. */
  readonly plans: readonly Plan[];
  /** The items of `GET /products`. */
  readonly products: readonly ProxyProduct[];
  /** The items of `GET /tlds`. */
  readonly tlds: readonly Tld[];
  /** By product: the items of `GET /products/{id}/locations` for 30 days. */
  readonly surcharges: Readonly<Record<string, readonly Place[]>>;
}

export interface Plan {
  readonly id: string;
  readonly disk_gb: number;
  readonly prices: readonly PlanPrice[];
}

export interface PlanPrice {
  readonly location_id: string;
  readonly period_months: number;
  readonly price_usd: string;
  readonly setup_usd: string;
  readonly renew_price_usd: string;
}

export interface ProxyProduct {
  readonly id: string;
  readonly periods_days: readonly number[];
  /** Null where nothing can be replaced. */
  readonly replace: { readonly free_per_period: number; readonly price_usd: string } | null;
  readonly price_tiers: readonly {
    readonly period_days: number;
    readonly min_qty: number;
    readonly price_usd: string;
  }[];
}

export interface Tld {
  readonly tld: string;
  readonly prices: Readonly<Record<string, string>>;
}

export interface Place {
  readonly code: string;
  readonly price_delta_usd: string;
}

/** What a purchase costs, or the reason why it must not be sold at all. */
export type Cost = { readonly units: bigint } | { readonly refused: string };

/** By kind of purchase: what it costs when its money is held at `at` (ms). */
export type CostsOf<P> = { readonly [K in keyof P]: (purchase: P[K], at: number) => Cost };
/** By kind of purchase: what changes when it was bought. */
export type EffectsOf<P> = { readonly [K in keyof P]?: (purchase: P[K]) => void };

export const DAY_MS = 86_400_000;
/** 1/10,000 USD. */
const UNITS_PER_USD = 10_000n;

/** `"36.00"` → `360000n`. */
export function unitsOf(usd: string): bigint {
  const match = /^(\d+)\.(\d{2,4})$/.exec(usd);
  if (match === null) throw new Error(`"${usd}" is no amount`);
  const [, whole = '', fraction = ''] = match;
  return BigInt(whole) * UNITS_PER_USD + BigInt(fraction.padEnd(4, '0'));
}

/** `360000n` → `36.0000`. */
export function usdOf(units: bigint | string): string {
  const digits = String(units).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

/** A begun day as a whole one. */
export function days(ms: number): bigint {
  return BigInt(Math.ceil(ms / DAY_MS));
}

export function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the model of prices knows no ${what}`);
  return value;
}
