// Reads one line of an OpenSSH public key: what it is, and its fingerprint as `ssh-keygen -l` prints it.
import { createHash } from 'node:crypto';

const TYPES = new Set([
  'ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com',
]);
const RSA_BITS_MIN = 2_048;

export interface SshPublicKey {
  /** Type, key and comment, with single spaces and nothing before: options such as `command=` are not part of a key. */
  readonly text: string;
  readonly fingerprint: string;
}

/** A sentence when it is no key that can be used. */
export function readSshPublicKey(line: string): SshPublicKey | string {
  const [type = '', base64 = '', ...comment] = line.trim().split(/\s+/);
  if (!TYPES.has(type)) return 'must be one line such as "ssh-ed25519 AAAA… name", of a type that is still in use';
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return 'is not valid base64';
  const fields = readFields(blob);
  if (fields === null || fields.length < 2 || fields[0]?.toString('latin1') !== type) return 'is damaged: what is inside does not match its type';
  if (type === 'ssh-rsa' && bitLength(fields[2] ?? Buffer.alloc(0)) < RSA_BITS_MIN) return `is too short: RSA keys need ${String(RSA_BITS_MIN)} bits`;
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  return { text: [type, base64, ...comment].join(' '), fingerprint };
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

function bitLength(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - (Math.clz32(number[first] ?? 0) - 24);
}
