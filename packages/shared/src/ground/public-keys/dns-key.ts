// Public keys of DNSSEC: the required form of a DNSKEY by its algorithm. A DS for a key that no resolver can use makes
// the domain unreachable.
import { isEd25519Key, isNistPoint } from './curves';
import { rsaRefusal } from './rsa';

const RSA = { minBits: 1_024, maxBits: 4_096 } as const;
const ED448_BYTES = 57;

/**
 * The fault of a key of this algorithm, or null. Algorithms that are not listed are refused before their keys are
 * checked.
 */
export function dnskeyRefusal(algorithm: number, key: Uint8Array): string | null {
  switch (algorithm) {
    case 5: // RFC 3110, RFC 5155, RFC 5702
    case 7:
    case 8:
    case 10:
      return rsaKeyRefusal(key);
    case 13: // RFC 6605
      return isNistPoint('P-256', key) ? null : 'must be the 64 bytes of a point on P-256';
    case 14:
      return isNistPoint('P-384', key) ? null : 'must be the 96 bytes of a point on P-384';
    case 15: // RFC 8080
      return isEd25519Key(key) ? null : 'must be the 32 bytes of an Ed25519 key';
    case 16:
      return key.length === ED448_BYTES ? null : `must be the ${String(ED448_BYTES)} bytes of an Ed448 key`;
    default:
      return null;
  }
}

/** RFC 3110 §2: the exponent, preceded by its length in one byte or in three, then the modulus. */
function rsaKeyRefusal(key: Uint8Array): string | null {
  const [first = 0, high = 0, low = 0] = key;
  const [start, length] = first === 0 ? [3, high * 256 + low] : [1, first];
  const exponent = key.subarray(start, start + length);
  const modulus = key.subarray(start + length);
  if (exponent.length === 0 || modulus.length === 0 || exponent[0] === 0 || modulus[0] === 0)
    return 'must be an RSA key as RFC 3110 writes it';
  return rsaRefusal(modulus, exponent, RSA);
}
