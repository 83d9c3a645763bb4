// Secrets that must be recoverable (signing secrets, proxy passwords) are encrypted, not hashed: AES-256-GCM under a
// versioned ring, bound to the id of their owner, so that a row copied to another id cannot be opened. Stored bytes:
// version (1) | nonce (12) | tag (16) | ciphertext.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SecretRing } from '../../ground/runtime';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function sealSecret(ring: SecretRing, boundTo: string, secret: string): Buffer {
  if (ring.current > 255) throw new Error('the version of the current ring key must fit into one byte');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', ringKey(ring, ring.current), nonce);
  cipher.setAAD(Buffer.from(boundTo, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([ring.current]), nonce, cipher.getAuthTag(), ciphertext]);
}

/** Throws when the bytes were not sealed for this id under a key of the ring. */
export function openSecret(ring: SecretRing, boundTo: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed);
  const tagEnd = 1 + NONCE_BYTES + TAG_BYTES;
  if (bytes.length <= tagEnd) throw new Error('a sealed secret is too short');
  const decipher = createDecipheriv(
    'aes-256-gcm',
    ringKey(ring, bytes.readUInt8(0)),
    bytes.subarray(1, 1 + NONCE_BYTES),
    { authTagLength: TAG_BYTES },
  );
  decipher.setAAD(Buffer.from(boundTo, 'utf8'));
  decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, tagEnd));
  return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString('utf8');
}

function ringKey(ring: SecretRing, version: number): Buffer {
  const key = ring.byVersion.get(version);
  if (key?.length !== 32) throw new Error(`no 32-byte key of version ${String(version)} in the secret ring`);
  return key;
}
