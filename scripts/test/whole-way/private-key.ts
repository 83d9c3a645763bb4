// A private key that identities are signed with.
import { generateKeyPairSync } from 'node:crypto';

export function newPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}
