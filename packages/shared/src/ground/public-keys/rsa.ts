// Checks that only its owner can sign for an RSA key. The numbers are big-endian and unsigned.
import { checkPrimeSync } from 'node:crypto';

export interface RsaLimits {
  readonly minBits: number;
  readonly maxBits: number;
}

/** Above this size OpenSSL verifies with short exponents only. */
const LARGE_BITS = 3_072;
const EXPONENT_BITS_MAX = 64;
const SMALL_FACTOR_MAX = 2_000;

/** The fault of the key, or null. */
export function rsaRefusal(
  modulusBytes: Uint8Array,
  exponentBytes: Uint8Array,
  { minBits, maxBits }: RsaLimits,
): string | null {
  const bits = bitLength(modulusBytes);
  if (bits < minBits || bits > maxBits) return `must be an RSA key of ${String(minBits)} to ${String(maxBits)} bits`;
  const modulus = numberOf(modulusBytes);
  const exponent = numberOf(exponentBytes);
  // With exponent 1 or an even exponent, a signature is its own message, or there is none.
  if (exponent < 3n || exponent % 2n === 0n || exponent >= modulus)
    return 'is no RSA key: its exponent must be odd and at least 3';
  if (bits > LARGE_BITS && bitLength(exponentBytes) > EXPONENT_BITS_MAX)
    return `has an exponent too long for its size: at most ${String(EXPONENT_BITS_MAX)} bits`;
  return hasSmallFactor(modulus) || checkPrimeSync(modulus)
    ? 'is no RSA key: its modulus is not the product of two large primes'
    : null;
}

function hasSmallFactor(modulus: bigint): boolean {
  for (let factor = 3n; factor < SMALL_FACTOR_MAX; factor += 2n) {
    if (modulus % factor === 0n) return true;
  }
  return modulus % 2n === 0n;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}
