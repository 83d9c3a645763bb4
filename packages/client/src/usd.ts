// Sums of US dollars, exact: on strings in, on strings out, without a JavaScript number between.

const AMOUNT = /^-?\d{1,30}(\.\d{1,30})?$/;

/** An exact decimal: `digits` divided by 10 to the power of `scale`. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Arithmetic for amounts such as `"5.15"`. Results have at least two decimals, and all that they need. */
export const usd = {
  /** The sum of all. */
  add: (...amounts: readonly string[]): string => print(sumOf(amounts.map((amount) => parse(amount)))),
  /** The first less the second. */
  sub: (a: string, b: string): string => print(sumOf([parse(a), negative(parse(b))])),
  /** -1, 0 or 1, as the first is smaller, equal or larger. */
  cmp: (a: string, b: string): -1 | 0 | 1 => {
    const { digits } = sumOf([parse(a), negative(parse(b))]);
    return digits === 0n ? 0 : digits < 0n ? -1 : 1;
  },
  /** An amount so many times: a whole number, or a decimal as a string. */
  mul: (amount: string, times: string | number | bigint): string => {
    const a = parse(amount);
    const b = parse(typeof times === 'string' ? times : whole(times));
    return print({ digits: a.digits * b.digits, scale: a.scale + b.scale });
  },
};

function parse(text: unknown): Decimal {
  if (typeof text !== 'string' || !AMOUNT.test(text))
    throw new TypeError('An amount is a string of digits with a decimal point, such as "5.15".');
  const [integers = '', decimals = ''] = text.split('.');
  return { digits: BigInt(integers + decimals), scale: decimals.length };
}

function whole(times: unknown): string {
  if (typeof times === 'bigint' || Number.isSafeInteger(times)) return String(times);
  throw new TypeError('An amount is multiplied by a whole number, or by a decimal as a string.');
}

function negative({ digits, scale }: Decimal): Decimal {
  return { digits: -digits, scale };
}

function sumOf(all: readonly Decimal[]): Decimal {
  const scale = Math.max(0, ...all.map((one) => one.scale));
  return { digits: all.reduce((sum, one) => sum + one.digits * 10n ** BigInt(scale - one.scale), 0n), scale };
}

function print({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const point = text.length - scale;
  const decimals = text.slice(point).replace(/0+$/, '').padEnd(2, '0');
  return `${sign}${text.slice(0, point)}.${decimals}`;
}
