/** An id or name of the same form that does not exist. */
export function unknownLike(value: string): string {
  const id = /^([a-z]+_)[0-9a-z]{24}$/.exec(value);
  if (id !== null) return `${id[1] ?? ''}${'0'.repeat(24)}`;
  return value.includes('.') ? `nobodys-${value}` : `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`;
}
