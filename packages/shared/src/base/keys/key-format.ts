// The format of an API key: `lumi_<product>_`, 32 random base62 characters, 6 base62 characters of CRC32 over all
// before them. With the checksum a mistyped key is refused without a look-up, and scanners can recognise real keys.
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { PRODUCTS, type Product } from '../../ground/contract';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const KEY_SHAPE = new RegExp(`^lumi_(${PRODUCTS.join('|')})_[0-9A-Za-z]{${String(RANDOM_LENGTH + CHECKSUM_LENGTH)}}$`);
/** Characters of the random part: enough to distinguish keys in a list, useless for guessing the other 28. */
const DISPLAY_LENGTH = 4;

export function generateKey(product: Product): string {
  const unchecked = `lumi_${product}_${randomBase62(RANDOM_LENGTH)}`;
  return unchecked + checksum(unchecked);
}

/** The product of a well-formed key, or null. It does not say whether the key exists. */
export function productOfKey(key: string): Product | null {
  const product = KEY_SHAPE.exec(key)?.[1];
  if (product === undefined || key.slice(-CHECKSUM_LENGTH) !== checksum(key.slice(0, -CHECKSUM_LENGTH))) return null;
  return product as Product; // one of PRODUCTS: the expression was made from them
}

/** `lumi_domains_Ab3x…`: the form for lists and logs. */
export function displayPrefix(key: string): string {
  const start = key.lastIndexOf('_') + 1;
  return `${key.slice(0, start + DISPLAY_LENGTH)}…`;
}

/** Unbiased: bytes that would favour the first characters are discarded. */
export function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += BASE62.charAt(byte % 62);
    }
  }
  return text;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
