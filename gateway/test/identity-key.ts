// The key pair with which a test's gateway signs identities, and with which its services verify them.
import { generateKeyPairSync } from 'node:crypto';

export const PRIVATE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
