// Keys are stored as HMAC-SHA256 under a pepper that is not in the database, so a stolen table alone cannot confirm a
// guess. A key has 190 random bits, so one fast hash is enough; a slow password hash would only slow every request.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { SecretRing } from '../../ground/runtime';

export class KeyDigests {
  private readonly peppers: readonly { readonly version: number; readonly secret: KeyObject }[];
  readonly currentVersion: number;

  constructor(ring: SecretRing) {
    const versions = [...ring.byVersion].map(([version, secret]) => ({ version, secret: createSecretKey(secret) }));
    // The current pepper first: most keys are stored under it.
    this.peppers = versions.sort((a, b) => Number(b.version === ring.current) - Number(a.version === ring.current));
    this.currentVersion = ring.current;
  }

  current(key: string): Buffer {
    const [pepper] = this.peppers;
    if (pepper === undefined) throw new Error('the pepper ring is empty');
    return digest(key, pepper.secret);
  }

  /** Under every pepper of the ring, the current one first; this finds a key that was made before a pepper change. */
  all(key: string): Buffer[] {
    return this.peppers.map(({ secret }) => digest(key, secret));
  }
}

function digest(key: string, pepper: KeyObject): Buffer {
  return createHmac('sha256', pepper).update(key).digest();
}
