// The terms of an offer: every input of its price, and the price as it follows from them. They are stored with the
// order and with the quote, a quote covers equal terms only, and the statement that holds the money asks the rows again
// (see `termsNow` of a thing sold and docs/decisions/0007).
import { prorate, type Units } from '../../ground/money';
import type { JsonObject } from './json-object';

export interface Terms {
  /**
   * All inputs of the price, by name: what is requested (plan, place, count, period) and the present state (expiry,
   * state, days left).
   */
  readonly facts: JsonObject;
  /** Its sum is the price, so the order alone shows the cost. */
  readonly cost: readonly CostLine[];
  /** Catalogue prices for the charge of a partial delivery. */
  readonly tariff?: JsonObject;
}

export interface CostLine {
  /** For people. */
  readonly label: string;
  /** 1/10,000 USD as text, because JSON has no integers of that size; negative for a credit. */
  readonly unit: string;
  readonly times: number;
  /** The share that counts, such as 12 of 30 days. Rounded up: a charge to more, a credit to less. */
  readonly share?: { readonly part: number; readonly of: number };
}

export function costLine(
  label: string,
  unit: Units,
  more: { readonly times?: number; readonly share?: CostLine['share'] } = {},
): CostLine {
  return {
    label,
    unit: unit.toString(),
    times: more.times ?? 1,
    ...(more.share === undefined ? {} : { share: more.share }),
  };
}

export function amountOf({ unit, times, share }: CostLine): Units {
  const whole = BigInt(unit) * BigInt(times);
  if (share === undefined) return whole;
  // 'up' and 'down' mean away from zero and towards zero
  return prorate(whole, BigInt(share.part), BigInt(share.of), whole < 0n ? 'down' : 'up');
}

export function costOf(lines: readonly CostLine[]): Units {
  return lines.reduce((sum, line) => sum + amountOf(line), 0n);
}

export function priceOf({ terms }: { readonly terms: Terms }): Units {
  return costOf(terms.cost);
}
