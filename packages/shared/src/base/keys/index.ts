export { ipTest, type IpTest } from './ip-allowlist';
export { KeyDigests } from './key-digest';
export { displayPrefix, generateKey, productOfKey, randomBase62 } from './key-format';
export {
  KEY_COLUMNS,
  KEY_FACTS,
  effectiveScopes,
  isUsable,
  readKeyFacts,
  type ApiKey,
  type KeyFacts,
  type KeyType,
  type Signing,
} from './key-record';
export {
  findKeyByDigest,
  findKeyById,
  issueKey,
  revokeKey,
  rollKey,
  type IssuedKey,
  type KeyRequest,
  type KeyRings,
  type Queryable,
  type RollRequest,
} from './key-store';
export { openSecret, sealSecret } from './sealed-secret';
export { generateSigningSecret, openSigningSecret, sealSigningSecret } from './signing-secret';
