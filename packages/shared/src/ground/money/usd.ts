// USD amounts: integers of 1/10,000 USD inside, strings outside. No other file parses or formats an amount. The pattern
// is checked before any arithmetic, because number parsers accept `1e3`, `0x5`, `5_0` and `Infinity`.
import Big from 'big.js';
import { z } from 'zod';

/** 1/10,000 USD. */
export type Units = bigint;

const UNITS_PER_USD = 10_000n;
const AMOUNT_SHAPE = /^(0|[1-9]\d{0,11})(\.\d{1,4})?$/;
const SIGNED_SHAPE = /^-?(0|[1-9]\d{0,11})(\.\d{1,4})?$/;
const DEPOSIT_SHAPE = /^(0|[1-9]\d{0,11})(\.\d{1,2})?$/;

export const usdInput = z
  .string()
  .regex(AMOUNT_SHAPE, 'must be a string such as "5.15" with at most 4 decimals')
  .describe('USD amount as a string.')
  .meta({ example: '5.15' });
export const usdDepositInput = z
  .string()
  .regex(DEPOSIT_SHAPE, 'must be a string such as "5.00" with at most 2 decimals')
  .describe('USD amount as a string, at most 2 decimals.')
  .meta({ example: '5' });
export const usdSignedInput = z
  .string()
  .regex(SIGNED_SHAPE, 'must be a string such as "5.15" or "-5.15" with at most 4 decimals')
  .describe('Signed USD amount as a string.')
  .meta({ example: '25.00' });
export const usdOutput = z
  .string()
  .regex(/^-?\d+\.\d{2,4}$/)
  .describe('USD amount as a string with 2 to 4 decimals.')
  .meta({ example: '5.15' });

/** Takes a string that matches one of the schemas above; any other string is a bug and throws. */
export function parseUsd(text: string): Units {
  if (!SIGNED_SHAPE.test(text)) throw new Error('parseUsd: not an amount');
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const units = BigInt(whole) * UNITS_PER_USD + BigInt(fraction.padEnd(4, '0'));
  return negative ? -units : units;
}

/** `51500n` → `"5.15"`, `850n` → `"0.085"`, `100000n` → `"10.00"`. */
export function formatUsd(units: Units): string {
  const absolute = units < 0n ? -units : units;
  const fraction = (absolute % UNITS_PER_USD)
    .toString()
    .padStart(4, '0')
    .replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${(absolute / UNITS_PER_USD).toString()}.${fraction}`;
}

export type Rounding = 'half-even' | 'up' | 'down';
const ROUNDING = { 'half-even': Big.roundHalfEven, up: Big.roundUp, down: Big.roundDown } as const;

/** `units × factor` for discounts, markups and proration; `factor` is a decimal string or a Big, never a float. */
export function multiply(units: Units, factor: string | Big, rounding: Rounding = 'half-even'): Units {
  return BigInt(new Big(units.toString()).times(factor).round(0, ROUNDING[rounding]).toFixed(0));
}

/** `units × part ÷ whole`, for shares of time; rounds up, so that a sum of parts never undercharges. */
export function prorate(units: Units, part: bigint, whole: bigint, rounding: Rounding = 'up'): Units {
  if (whole <= 0n) throw new Error('prorate: whole must be positive');
  return BigInt(new Big((units * part).toString()).div(whole.toString()).round(0, ROUNDING[rounding]).toFixed(0));
}
