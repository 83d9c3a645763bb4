// Numbers as JSON writes them. What a caller sends is kept as it is or refused: a number that JavaScript would round on
// the way in has changed before anybody looks.

const SHAPE = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Whether this JSON number comes out of `JSON.parse` as the number it is, and lies where every integer does. */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER && decimalOf(text) === decimalOf(String(value));
}

/** Digits without zeros around them, and the power of ten they stand at: one text for each value. */
function decimalOf(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = SHAPE.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  return significant === ''
    ? '0'
    : `${significant}e${String(Number(exponent) - fraction.length + digits.length - significant.length)}`;
}
