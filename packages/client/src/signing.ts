// The second secret of a key: HMAC-SHA256 over the exact bytes that are sent.
import { hex, hmacSha256, latin1, sha256, utf8 } from './bytes';

export type Signing = 'v1' | 'v2';

export interface ToSign {
  readonly method: string;
  /** Path and query, exactly as they are sent. */
  readonly target: string;
  readonly idempotencyKey: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** v2 has the time of the try in it, so each try is signed anew. */
export async function signatureHeaders(
  version: Signing,
  secret: string,
  { method, target, idempotencyKey, body }: ToSign,
  nowS: number,
): Promise<Record<string, string>> {
  if (version === 'v1') return { 'x-signature': hex(await hmacSha256(utf8(secret), body)) };
  const text = ['v2', String(nowS), method, target, idempotencyKey, hex(await sha256(body))].join('\n');
  return {
    'x-signature': `v2=${hex(await hmacSha256(utf8(secret), latin1(text)))}`,
    'x-signature-timestamp': String(nowS),
  };
}
