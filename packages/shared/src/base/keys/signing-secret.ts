// A signing secret must be recoverable to check an HMAC: sealed for the id of its key.
import type { SecretRing } from '../../ground/runtime';
import { randomBase62 } from './key-format';
import { openSecret, sealSecret } from './sealed-secret';

const SECRET_LENGTH = 48;

export function generateSigningSecret(): string {
  return randomBase62(SECRET_LENGTH);
}

export function sealSigningSecret(ring: SecretRing, keyId: string, secret: string): Buffer {
  return sealSecret(ring, keyId, secret);
}

/** Throws when the bytes were not sealed for this key id under a key of the ring. */
export function openSigningSecret(ring: SecretRing, keyId: string, sealed: Uint8Array): string {
  return openSecret(ring, keyId, sealed);
}
