// The payer of an automatic renewal: no key, the account's own limits for such renewals, and a claim that consists of
// the object and the expiry it is renewed from. `purchase_begin` accepts only all of these together.
import { createHash } from 'node:crypto';
import type { Product } from '../../ground/contract';
import type { Claim } from '../../base/idempotency';
import type { Payer } from './purchase-request';

const KEY_ID = 'system';
const SCOPE = 'auto';

export function systemPayer(product: Product, accountId: string): Payer {
  return { product, keyId: KEY_ID, lineageId: `auto:${product}:${accountId}`, type: 'system' };
}

/** `round` increases only when the supplier has refused the round before; an unknown outcome stays the same claim. */
export function renewalClaim(
  product: Product,
  renewal: { resource: string; expiresAt: Date; round: number; requestId: string },
): Claim {
  const key = `${renewal.resource}@${renewal.expiresAt.toISOString()}#${String(renewal.round)}`;
  return {
    scope: SCOPE,
    product,
    key,
    fingerprint: new Uint8Array(createHash('sha256').update(key).digest()),
    requestId: renewal.requestId,
    keyId: KEY_ID,
  };
}
