// Where a string of a JSON text ends, on the bytes. Most strings are short; long ones are searched by native code,
// because a loop over 1 MiB would block the process for 10 ms.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT = 32;

/** The index of the closing quotation mark, or the length of `bytes` where there is none. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  const shortEnd = Math.min(bytes.length, i + SHORT);
  while (i < shortEnd) {
    if (bytes[i] === QUOTE) return i;
    i += bytes[i] === BACKSLASH ? 2 : 1;
  }
  for (let end = bytes.indexOf(QUOTE, i); end !== -1; end = bytes.indexOf(QUOTE, end + 1))
    if (backslashesBefore(bytes, end, i) % 2 === 0) return end;
  return bytes.length;
}

function backslashesBefore(bytes: Uint8Array, end: number, from: number): number {
  let count = 0;
  while (end - 1 - count >= from && bytes[end - 1 - count] === BACKSLASH) count += 1;
  return count;
}
