// Numbers as JSON writes them. A number in a request is kept exactly or refused: one that JavaScript would round has
// changed before any code sees it.

const SHAPE = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Whether `JSON.parse` reads this JSON number exactly, and it is in the range of exact integers. */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER && decimalOf(text) === decimalOf(String(value));
}

/** The digits without leading and trailing zeros, and their power of ten: one text for each value. */
function decimalOf(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = SHAPE.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  return significant === ''
    ? '0'
    : `${significant}e${String(Number(exponent) - fraction.length + digits.length - significant.length)}`;
}
