// The key with which the gateway of a test signs who is asking, and by which its services know it.
import { generateKeyPairSync } from 'node:crypto';

export const PRIVATE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
