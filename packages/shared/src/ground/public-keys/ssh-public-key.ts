// Reads one line of an OpenSSH public key: its type, and its fingerprint as `ssh-keygen -l` prints it. Keys that sshd
// refuses, and keys for which anyone can sign, are refused.
import { createHash } from 'node:crypto';
import type { Reading } from '../contract';
import { isNistPoint, isUnforgeableEd25519, type NistCurve } from './curves';
import { rsaRefusal } from './rsa';

export interface SshPublicKey {
  /**
   * Type, key and comment, with single spaces and nothing in front: options such as `command=` are not part of a key.
   */
  readonly text: string;
  readonly fingerprint: string;
}

/** For the fields after the type: the fault, or null. */
type Check = (fields: readonly Buffer[]) => string | null;

const DAMAGED = 'is damaged: what is inside does not match its type';
const RSA = { minBits: 2_048, maxBits: 16_384 } as const;
const UNCOMPRESSED = 4;

const CHECKS: Readonly<Record<string, Check>> = {
  'ssh-ed25519': (fields) => (fields.length === 1 ? ed25519Refusal(fields[0]) : DAMAGED),
  'ssh-rsa': ([exponent, modulus, ...rest]) => {
    if (
      exponent === undefined ||
      modulus === undefined ||
      rest.length > 0 ||
      ![exponent, modulus].every(isPositiveMpint)
    )
      return DAMAGED;
    return rsaRefusal(modulus, exponent, RSA);
  },
  'ecdsa-sha2-nistp256': (fields) => (fields.length === 2 ? ecdsaRefusal(fields, 'P-256') : DAMAGED),
  'ecdsa-sha2-nistp384': (fields) => (fields.length === 2 ? ecdsaRefusal(fields, 'P-384') : DAMAGED),
  'ecdsa-sha2-nistp521': (fields) => (fields.length === 2 ? ecdsaRefusal(fields, 'P-521') : DAMAGED),
  // Of security keys: the last field is the application, such as `ssh:`.
  'sk-ssh-ed25519@openssh.com': (fields) =>
    fields.length === 2 && fields[1]?.length !== 0 ? ed25519Refusal(fields[0]) : DAMAGED,
  'sk-ecdsa-sha2-nistp256@openssh.com': (fields) =>
    fields.length === 3 && fields[2]?.length !== 0 ? ecdsaRefusal(fields, 'P-256') : DAMAGED,
};

export function readSshPublicKey(text: string): Reading<SshPublicKey> {
  const line = text.trim();
  if (/[\r\n]/.test(line)) return { reason: 'must be one key on one line; add each key by itself' };
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line.replaceAll('\t', ' ')))
    return { reason: 'must not contain control characters' };
  const [type = '', base64 = '', ...comment] = line.split(/[ \t]+/);
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined;
  if (check === undefined)
    return { reason: 'must be one line such as "ssh-ed25519 AAAA… name", of a type that is still in use' };
  const blob = Buffer.from(base64, 'base64');
  const canonical = blob.toString('base64');
  if (canonical !== base64 && canonical.replace(/=+$/, '') !== base64) return { reason: 'is not valid base64' };
  const [inner, ...fields] = readFields(blob) ?? [];
  const reason = inner?.toString('latin1') === type ? check(fields) : DAMAGED;
  if (reason !== null) return { reason };
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  return { value: { text: [type, canonical, ...comment].join(' '), fingerprint } };
}

function ed25519Refusal(key: Buffer | undefined): string | null {
  return key !== undefined && isUnforgeableEd25519(key)
    ? null
    : 'is no Ed25519 key: it must be 32 bytes, and not a point that everybody can sign for';
}

function ecdsaRefusal([name, point]: readonly Buffer[], curve: NistCurve): string | null {
  if (name?.toString('latin1') !== `nist${curve.toLowerCase().replace('-', '')}` || point === undefined) return DAMAGED;
  return point[0] === UNCOMPRESSED && isNistPoint(curve, point.subarray(1))
    ? null
    : `is no ECDSA key: its point does not lie on ${curve}`;
}

/** RFC 4251 §5: positive, and without redundant leading zeros, so that one key has one form. */
function isPositiveMpint(bytes: Buffer): boolean {
  const [first = 0x80, second = 0] = bytes;
  return first < 0x80 && (first !== 0 || second >= 0x80);
}

/** Length-prefixed fields of the SSH wire format (RFC 4251), or null when the lengths do not add up. */
function readFields(blob: Buffer): Buffer[] | null {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    if (at + 4 > blob.length) return null;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return null;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
