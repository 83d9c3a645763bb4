// Checks that bytes are a public key of an elliptic curve. Node checks the points of the NIST curves, but not those of
// Edwards curves.
import { createPublicKey } from 'node:crypto';

export type NistCurve = 'P-256' | 'P-384' | 'P-521';

const COORDINATE_BYTES: Readonly<Record<NistCurve, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

/** x and y, one after the other. */
export function isNistPoint(curve: NistCurve, coordinates: Uint8Array): boolean {
  const size = COORDINATE_BYTES[curve];
  if (coordinates.length !== 2 * size) return false;
  const text = (from: number): string => Buffer.from(coordinates.subarray(from, from + size)).toString('base64url');
  try {
    createPublicKey({ key: { kty: 'EC', crv: curve, x: text(0), y: text(size) }, format: 'jwk' });
    return true;
  } catch {
    // For any reason of Node: it is no point of this curve.
    return false;
  }
}

const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN_BIT = 2n ** 255n;
const ED25519_BYTES = 32;

/** RFC 8032 §5.1.3: a point of the curve in canonical form, for which only the holder of a secret can sign. */
export function isEd25519Key(bytes: Uint8Array): boolean {
  return bytes.length === ED25519_BYTES && judge(bytes) === 'good';
}

/** 32 bytes that may belong to a secret. Bytes that are no point are harmless: no signature fits them. */
export function isUnforgeableEd25519(bytes: Uint8Array): boolean {
  return bytes.length === ED25519_BYTES && judge(bytes) !== 'forgeable';
}

/**
 * The eight points of small order are forgeable: a signature made without any secret fits them. A point is of small
 * order exactly when eight times the point is the neutral element, (0, 1). Numbers beyond the field are other encodings
 * of such points, or of points that nobody makes.
 */
function judge(bytes: Uint8Array): 'good' | 'no point' | 'forgeable' {
  const encoded = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const y = encoded % SIGN_BIT;
  if (y >= P) return 'forgeable';
  const xSquared = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  if (xSquared !== 0n && power(xSquared, (P - 1n) / 2n) !== 1n) return 'no point';
  // Doubling needs x² and y² only: y' = (y² + x²) / (2 - (y² - x²)), and x'² follows from y' by the curve.
  let [double, square] = [y, xSquared];
  for (let i = 0; i < 3; i += 1) {
    const ySquared = mod(double * double);
    double = mod((ySquared + square) * power(2n + square - ySquared, P - 2n));
    square = mod((double * double - 1n) * power(D * double * double + 1n, P - 2n));
  }
  return double === 1n && square === 0n ? 'forgeable' : 'good';
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left % 2n === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
