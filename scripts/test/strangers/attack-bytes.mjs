// The bytes of requests: heads, and bodies that are as expensive as a limit permits.

const ITEMS = 500;
export const KIB = 1_024;

/**
 * @param {string} path
 * @param {string} [key]
 */
export const get = (path, key) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n${key === undefined ? '' : `Authorization: Bearer ${key}\r\n`}\r\n`);

/**
 * @param {string} path
 * @param {string} key
 * @param {number | null} length chunked if null
 */
export const headOf = (path, key, length, more = '') =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer ` +
      `${key}\r\n${length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`,
  );

/**
 * The body in chunks of this many bytes.
 *
 * @param {Buffer} bytes
 * @param {number} size
 */
export const chunked = (bytes, size) => {
  /** @type {Buffer[]} */
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size)
    pieces.push(
      Buffer.from(`${Math.min(size, bytes.length - at).toString(16)}\r\n`),
      bytes.subarray(at, at + size),
      Buffer.from('\r\n'),
    );
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
};

let serial = 0;

/** The number of keys made so far. */
export const serialNumber = () => serial;

/** A line of a head, with another key each time. */
export const newIdempotencyKey = () => `Idempotency-Key: strangers-${(serial += 1)}-${process.pid}\r\n`;

/**
 * @template T
 * @param {(i: number) => T} itemOf
 */
export const listOf = (itemOf) => Array.from({ length: ITEMS }, (_, i) => itemOf(i));

/** @param {object} value */
export const json = (value) => Buffer.from(JSON.stringify(value));

/**
 * One object with as many fields as fit into this many bytes.
 *
 * @param {number} bytesMax
 */
export function names(bytesMax) {
  let text = '{"a":1';
  for (let i = 0; ; i += 1) {
    const one = `,"${i.toString(36)}":1`;
    if (text.length + one.length + 1 > bytesMax) return Buffer.from(`${text}}`);
    text += one;
  }
}

/** An order of 500 names, with metadata up to the largest body of a bulk. */
export function largeOrder() {
  const item = (/** @type {number} */ i, /** @type {number} */ size) => ({
    domain: `large-${i}.test`,
    years: 1,
    metadata: Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`field_${n}`, 'x'.repeat(size)])),
  });
  return json({ items: listOf((i) => item(i, 480)) });
}
