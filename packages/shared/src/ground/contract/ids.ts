// Identifiers: a prefix that names the kind, then 24 characters of Crockford base32 (lower case): 9 of milliseconds, 15
// (75 bits) of randomness. Sorted as text they are sorted by creation time, to the millisecond.
import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export type IdPrefix =
  | 'usr'
  | 'key'
  | 'lin'
  | 'ord'
  | 'trf'
  | 'dep'
  | 'bat'
  | 'op'
  | 'evt'
  | 'req'
  | 'con'
  | 'cnx'
  | 'quo'
  | 'srv'
  | 'prx'
  | 'whk'
  | 'img'
  | 'ssh'
  | 'snp'
  | 'rec'
  | 'ver'
  | 'sub'
  | 'tpl'
  | 'rep'
  | 'alw'
  | 'xpl'
  | 'job'
  | 'node';

export function newId(prefix: IdPrefix, nowMs: number): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < 9; i += 1) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let random = '';
  for (const byte of nextRandom()) random += ALPHABET.charAt(byte & 31);
  return `${prefix}_${time}${random}`;
}

// Reading 15 random bytes from the operating system costs as much as reading a thousand, and every request makes an id.
const RANDOM_BYTES = 15;
let pool = Buffer.alloc(0);
let used = 0;

function nextRandom(): Buffer {
  if (used + RANDOM_BYTES > pool.length) {
    pool = randomBytes(RANDOM_BYTES * 128);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
}

const ID_SHAPE = /^[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{24}$/;

export function isId(value: string, prefix: IdPrefix): boolean {
  return value.startsWith(`${prefix}_`) && ID_SHAPE.test(value);
}
