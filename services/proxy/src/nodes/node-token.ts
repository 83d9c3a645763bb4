// What a node and the service share: a token, of which the service keeps the hash alone, and a key for the digests of
// logins. The key is made from the secret ring, so it is stored nowhere.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { SecretRing } from '@lumi/shared/runtime';

export function newNodeToken(): string {
  return `lnt_${randomBytes(32).toString('base64url')}`;
}

/** A token has 256 bits of chance: a plain hash tells nothing about it. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Null: the ring has no key of this version any more; the node registers anew. */
export function nodeKey(ring: SecretRing, version: number, nodeId: string): Buffer | null {
  const key = ring.byVersion.get(version);
  return key === undefined ? null : createHmac('sha256', key).update(`proxy node ${nodeId}`).digest();
}

/** The digest by which a node knows a login, without knowing the password. */
export function digestOfLogin(key: Uint8Array, name: string, password: string): string {
  return createHmac('sha256', key).update(`${name}\0${password}`).digest('base64');
}
