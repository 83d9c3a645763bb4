// Signs a request as docs/contract.md describes.
import { createHash, createHmac } from 'node:crypto';

const hmac = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');

export function signedByV1(secret: string, body: string): Record<string, string> {
  return { 'x-signature': hmac(secret, body) };
}

export interface SignedByV2 {
  readonly timestamp: number;
  readonly method: string;
  /** With the product's base and the query. */
  readonly target: string;
  readonly idempotencyKey: string;
  readonly body: string;
}

export function signedByV2(
  secret: string,
  { timestamp, method, target, idempotencyKey, body }: SignedByV2,
): Record<string, string> {
  const digest = createHash('sha256').update(body).digest('hex');
  const text = ['v2', String(timestamp), method, target, idempotencyKey, digest].join('\n');
  return { 'x-signature': `v2=${hmac(secret, text)}`, 'x-signature-timestamp': String(timestamp) };
}
