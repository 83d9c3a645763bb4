// User names and passwords of proxies. An order stores one sealed secret, and the pairs of all its proxies are derived
// from it. So recovery finds the same pairs again, and no table holds a password in clear.
import { createHmac, randomBytes } from 'node:crypto';
import { openSecret, sealSecret } from '@lumi/shared/keys';
import type { SecretRing } from '@lumi/shared/runtime';
import type { ProxyDeps } from '../deps';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const PASSWORD_LENGTH = 16;
const USERNAME_LENGTH = 9;
export const MASKED = '********';

export function newCredentials(): Credentials {
  const seed = randomBytes(32).toString('hex');
  return derive(seed, 0);
}

/** What an order's pairs are derived from: the caller's own pair, or a seed. Sealed for the account. */
export function sealOrderAuth(
  ring: SecretRing,
  accountId: string,
  own: { username?: string | undefined; password?: string | undefined },
): string {
  return sealSecret(ring, accountId, JSON.stringify({ ...own, seed: randomBytes(32).toString('hex') })).toString(
    'base64',
  );
}

/** The pair of the order's proxy number `index`. */
export function orderCredentials(ring: SecretRing, accountId: string, sealed: string, index: number): Credentials {
  const { username, password, seed } = JSON.parse(openSecret(ring, accountId, Buffer.from(sealed, 'base64'))) as {
    username?: string;
    password?: string;
    seed: string;
  }; // sealed above
  const derived = derive(seed, index);
  return { username: username ?? derived.username, password: password ?? derived.password };
}

/** The password of a row, in clear. Use it only for answers that show the password on request. */
export function openPassword(
  { service }: ProxyDeps,
  row: { readonly id: string; readonly password: Uint8Array },
): string {
  return openSecret(service.config.SECRET_RING, row.id, row.password);
}

function derive(seed: string, index: number): Credentials {
  return {
    username: `u${word(seed, `username ${String(index)}`, USERNAME_LENGTH).toLowerCase()}`,
    password: word(seed, `password ${String(index)}`, PASSWORD_LENGTH),
  };
}

function word(seed: string, purpose: string, length: number): string {
  const bytes = createHmac('sha256', seed).update(purpose).digest();
  return Array.from({ length }, (_, i) => ALPHABET.charAt((bytes[i] ?? 0) % ALPHABET.length)).join('');
}
