// Digests of logins: HMAC-SHA256 (RFC 2104) under the node's key. Every new connection needs one, and an object of
// `createHmac` for each costs several times what the two hashes do. Digests of pairs that opened something are kept
// for one or two minutes, so that the next connection needs no hash. Wrong pairs are not kept.
import { hash } from 'node:crypto';
import { elapsedMs } from '@lumi/shared/runtime';

const BLOCK_BYTES = 64;
/** A user name has at most 255 characters, and SOCKS5 no longer password; over HTTP there may be more. */
const TEXT_BYTES = 1_024;
const KEPT_MS = 60_000;
const KEPT_MAX = 2_000;
const PASSWORD_MAX = 255;
const INNER = 0x36;
const OUTER = 0x5c;

/** A block of the key, and room for what follows it. */
class Padded {
  private readonly bytes = Buffer.alloc(BLOCK_BYTES + TEXT_BYTES);

  constructor(key: Uint8Array, byte: number) {
    for (let at = 0; at < BLOCK_BYTES; at += 1) this.bytes[at] = (key[at] ?? 0) ^ byte;
  }

  /** Valid until the next call. */
  with(more: string | Buffer): Buffer {
    const size = Buffer.byteLength(more);
    const bytes = size <= TEXT_BYTES ? this.bytes : Buffer.concat([this.bytes], BLOCK_BYTES + size);
    if (typeof more === 'string') bytes.write(more, BLOCK_BYTES);
    else more.copy(bytes, BLOCK_BYTES);
    return bytes.subarray(0, BLOCK_BYTES + size);
  }
}

export class LoginDigests {
  private recent = new Map<string, string>();
  private before = new Map<string, string>();
  private sinceMs: number;
  private inner = new Padded(Buffer.alloc(0), INNER);
  private outer = new Padded(Buffer.alloc(0), OUTER);

  constructor(private readonly nowMs: () => number = elapsedMs) {
    this.sinceMs = nowMs();
  }

  useKey(key: Uint8Array): void {
    const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
    this.inner = new Padded(short, INNER);
    this.outer = new Padded(short, OUTER);
    this.recent.clear();
    this.before.clear();
  }

  /** In base64, as the service writes it. */
  of(name: string, password: string): string {
    const first = hash('sha256', this.inner.with(keyOf(name, password)), 'buffer');
    return hash('sha256', this.outer.with(first), 'base64');
  }

  /** Of a pair that was right a short time ago. Whether it still is, the rights say. */
  known(name: string, password: string): string | undefined {
    if (this.nowMs() - this.sinceMs > KEPT_MS) this.turn();
    const key = keyOf(name, password);
    return this.recent.get(key) ?? this.before.get(key);
  }

  remember(name: string, password: string, digest: string): void {
    if (password.length > PASSWORD_MAX) return;
    if (this.recent.size >= KEPT_MAX) this.turn();
    this.recent.set(keyOf(name, password), digest);
  }

  private turn(): void {
    this.before = this.recent;
    this.recent = new Map();
    this.sinceMs = this.nowMs();
  }
}

function keyOf(name: string, password: string): string {
  return `${name}\0${password}`;
}
