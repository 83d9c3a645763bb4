// Secrets of endpoints, and signatures with them (Standard Webhooks). A secret is `whsec_` and the base64 of 32 random
// bytes. It is shown once, and kept sealed for the id of its endpoint.
import { createHmac, randomBytes } from 'node:crypto';
import { openSecret, sealSecret } from '../../base/keys';
import type { SecretRing } from '../../ground/runtime';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export function newSecret(ring: SecretRing, webhookId: string): { readonly secret: string; readonly sealed: Buffer } {
  const secret = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;
  return { secret, sealed: sealSecret(ring, webhookId, secret) };
}

export interface Signed {
  readonly id: string;
  readonly body: Uint8Array;
  readonly atMs: number;
  /** Sealed; several while a rotation overlaps. */
  readonly secrets: readonly Uint8Array[];
}

/** The headers of one attempt. */
export function signedHeaders(ring: SecretRing, webhookId: string, { id, body, atMs, secrets }: Signed) {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signatures = secrets.map((sealed) => {
    const key = Buffer.from(openSecret(ring, webhookId, sealed).slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
