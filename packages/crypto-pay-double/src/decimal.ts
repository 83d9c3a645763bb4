// Exact arithmetic on decimal strings, because rates and crypto amounts have up to nine decimals and floats would round
// them.

const DECIMALS = 9;
const ONE = 10n ** BigInt(DECIMALS);
const SHAPE = /^(0|[1-9]\d{0,11})(\.\d{1,9})?$/;

/** Reads "12.5" as an integer of 1e-9 units; null when the text is not a plain decimal. */
export function parseDecimal(text: string): bigint | null {
  if (!SHAPE.test(text)) return null;
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * ONE + BigInt(fraction.padEnd(DECIMALS, '0'));
}

/** Writes without trailing zeros, as the real API does ("2.60" comes back as "2.6"). */
export function formatDecimal(units: bigint): string {
  const fraction = (units % ONE).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${units / ONE}${fraction === '' ? '' : `.${fraction}`}`;
}

export function multiply(a: bigint, b: bigint): bigint {
  return (a * b) / ONE;
}

/** Rounds up: the payer never pays less than the price. */
export function divideUp(a: bigint, b: bigint): bigint {
  return (a * ONE + b - 1n) / b;
}
