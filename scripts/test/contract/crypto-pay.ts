// The payment provider of the contract tests. No server answers for it, but its webhooks can be signed.
import { createHash, createHmac } from 'node:crypto';
import type { Call } from './world';

const TOKEN = '1:contract-test';

export const CRYPTO_PAY = { CRYPTO_PAY_URL: 'http://127.0.0.1:9', CRYPTO_PAY_TOKEN: TOKEN } as const;

/** HMAC-SHA256 of the body under SHA256(token), as Crypto Pay's documentation has it. */
export function signedByCryptoPay(body: object): Pick<Call, 'body' | 'headers'> {
  const signature = createHmac('sha256', createHash('sha256').update(TOKEN).digest())
    .update(JSON.stringify(body))
    .digest('hex');
  return { body, headers: { 'crypto-pay-api-signature': signature } };
}
