// The login of the service's own checks of a proxy. The service signs it with a key that it alone has, and nodes know
// the public half, so neither a customer nor a node can make one. It names one proxy, one target and an end, and a node
// takes it once. User names of customers have no dot.
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { Target } from '@lumi/shared/egress';

export interface CheckLogin {
  readonly subject: string;
  /** By the service's clock. */
  readonly untilMs: number;
  readonly nonce: string;
  /** Digest of host and port. */
  readonly target: string;
}

const PREFIX = 'lumi.check.';
const NAME = /^lumi\.check\.([A-Za-z0-9_]{1,64})\.(\d{13})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})$/;
/** What stands before the 32 bytes of an Ed25519 key (RFC 8410 §7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const DIGEST_SIZE = 22;

/** The key that signs checks, of a secret of the ring. */
export function checkKey(secret: Uint8Array): KeyObject {
  const seed = createHmac('sha256', secret).update('checks of proxies').digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** What nodes may know of it: base64. */
export function publicHalf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
}

export function makeCheckLogin(
  key: KeyObject,
  { subject, target, untilMs }: { readonly subject: string; readonly target: Target; readonly untilMs: number },
): readonly [name: string, password: string] {
  const nonce = randomBytes(16).toString('base64url');
  const name = `${PREFIX}${subject}.${String(untilMs)}.${nonce}.${digestOfTarget(target)}`;
  return [name, sign(null, Buffer.from(name), key).toString('base64url')];
}

export function digestOfTarget({ host, port }: Target): string {
  return createHash('sha256')
    .update(`${host} ${String(port)}`)
    .digest('base64url')
    .slice(0, DIGEST_SIZE);
}

export function isCheckName(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The public keys of checks, as the service told them last. */
export class CheckKeys {
  private told = '';
  private keys: readonly KeyObject[] = [];

  /** A key that cannot be read opens nothing. */
  use(keys: readonly string[]): void {
    if (keys.join() === this.told) return;
    this.told = keys.join();
    this.keys = keys.flatMap((key) => {
      try {
        return [createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })];
      } catch {
        return [];
      }
    });
  }

  /** Null: it is no login of a check, or the service did not sign it. */
  read([name, password]: readonly [string, string]): CheckLogin | null {
    const [, subject, until, nonce, target] = NAME.exec(name) ?? [];
    if (subject === undefined || nonce === undefined || target === undefined) return null;
    const [bytes, signature] = [Buffer.from(name), Buffer.from(password, 'base64url')];
    const isSigned = this.keys.some((key) => verify(null, bytes, key, signature));
    return isSigned ? { subject, untilMs: Number(until), nonce, target } : null;
  }
}
