// Keys by digest, cached for at most TTL_MS after they were *read*. A revoked key is refused at once through a
// notification, and within five seconds when every notification is lost. Three rules keep a revoked key from coming
// back. The age of an entry counts from the start of its read. A read that began before the notification of a change is
// discarded (the fence). An entry never replaces one of a higher generation.
import { KeyDigests, findKeyByDigest, type ApiKey, type Queryable } from '@lumi/shared/keys';
import { AppError } from '@lumi/shared/contract';
import type { Clock, Log } from '@lumi/shared/runtime';
import { keyHit, keyRead, keyReadDone, keyReadFailed, keyUnknown } from '../meters';
import { knownKey, type KnownKey } from './known-key';

export const TTL_MS = 4_000;
/** From this age on an entry is read again in the background, so that requests with a key in use never wait. */
const REFRESH_MS = 2_000;
/**
 * Unknown keys are remembered for this short time, so that guessing costs us little. A key issued meanwhile works after
 * this time at the latest.
 */
const UNKNOWN_TTL_MS = 1_000;
const ENTRIES_MAX = 20_000;
/** Maximum of reads of unknown keys under way. Requests beyond it are refused with Retry-After. */
const READS_MAX = 200;
const FENCED_READS_MAX = 5;

interface Entry {
  readonly known: KnownKey | null;
  readonly readAtMs: number;
}

interface Read {
  readonly promise: Promise<KnownKey | null>;
  /** Digests under every pepper, because a notification names the stored digest. */
  readonly digests: readonly string[];
  isStale: boolean;
}

export interface KeyCacheDeps {
  /** For known keys that are read again. */
  readonly db: Queryable;
  /** For unknown keys: separate connections, so that a flood of invented keys cannot delay the reads of known keys. */
  readonly strangersDb: Queryable;
  readonly digests: KeyDigests;
  readonly clock: Clock;
  readonly log: Log;
}

export class KeyCache {
  private readonly entries = new Map<string, Entry>();
  private readonly reads = new Map<string, Read>();
  /**
   * From the stored digest (possibly under an older pepper) to the digest under the current pepper, which is the
   * entry's key.
   */
  private readonly byStored = new Map<string, string>();

  constructor(private readonly deps: KeyCacheDeps) {}

  digestOf(token: string): string {
    return this.deps.digests.current(token).toString('latin1');
  }

  /**
   * The key as it was at most TTL_MS ago. Null when there is none; undefined when it must be read. Revoked and expired
   * keys are returned as such.
   */
  cached(digest: string, token: string): KnownKey | null | undefined {
    const entry = this.entries.get(digest);
    const ageMs = entry === undefined ? Infinity : this.deps.clock.nowMs() - entry.readAtMs;
    if (entry === undefined || ageMs >= (entry.known === null ? UNKNOWN_TTL_MS : TTL_MS)) {
      keyRead.add();
      return undefined;
    }
    if (ageMs >= REFRESH_MS && !this.reads.has(digest)) this.refresh(digest, token);
    (entry.known === null ? keyUnknown : keyHit).add();
    return entry.known;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The last known key, whatever has changed since. */
  wasKnown(digest: string): boolean {
    return this.entries.get(digest)?.known != null;
  }

  /**
   * Reads the key from the database. Many requests at once share one read. Throws 503 when too many reads are under
   * way.
   */
  read(digest: string, token: string): Promise<KnownKey | null> {
    const running = this.reads.get(digest);
    if (running !== undefined) return running.promise;
    if (this.reads.size >= READS_MAX && !this.entries.get(digest)?.known)
      throw new AppError('service_unavailable', undefined, { retryAfterS: 1 });
    const digests = this.deps.digests.all(token);
    const db = this.entries.get(digest)?.known ? this.deps.db : this.deps.strangersDb;
    const read: Read = {
      promise: this.readFenced(db, digest, digests),
      digests: digests.map((one) => one.toString('latin1')),
      isStale: false,
    };
    this.reads.set(digest, read);
    return read.promise.finally(() => this.reads.delete(digest));
  }

  /** A key was changed. `storedDigest` is in hex, as the database sends it. */
  forget(storedDigest: string): void {
    const stored = Buffer.from(storedDigest, 'hex').toString('latin1');
    const current = this.byStored.get(stored) ?? stored;
    this.drop(current);
    for (const read of this.reads.values()) if (read.digests.includes(stored)) read.isStale = true;
  }

  /** Notifications may have been missed: all entries must be read again. */
  forgetAll(): void {
    this.entries.clear();
    this.byStored.clear();
    for (const read of this.reads.values()) read.isStale = true;
  }

  private refresh(digest: string, token: string): void {
    this.read(digest, token).catch((err: unknown) => this.deps.log.warn('a key could not be read again', { err }));
  }

  private async readFenced(db: Queryable, digest: string, digests: readonly Buffer[]): Promise<KnownKey | null> {
    for (let attempt = 1; ; attempt += 1) {
      const readAtMs = this.deps.clock.nowMs();
      const key = await findKeyByDigest(db, digests).catch((err: unknown) => {
        keyReadFailed.add();
        throw err;
      });
      keyReadDone.add();
      const read = this.reads.get(digest);
      if (read?.isStale === true && attempt < FENCED_READS_MAX) {
        read.isStale = false;
        continue;
      }
      const known = this.successor(digest, key);
      // A key that changes faster than it can be read is answered from this read and not cached.
      if (read?.isStale !== true) this.keep(digest, { known, readAtMs });
      return known;
    }
  }

  /** Stores what was just read, unless a later generation of the row is known. */
  private successor(digest: string, key: ApiKey | null): KnownKey | null {
    if (key === null) return null;
    const before = this.entries.get(digest)?.known ?? null;
    return before !== null && before.key.generation > key.generation ? before : knownKey(key);
  }

  private keep(digest: string, entry: Entry): void {
    if (!this.entries.has(digest) && this.entries.size >= ENTRIES_MAX) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.drop(oldest);
    }
    // Inserted again, so that the first entry is the one with the oldest read.
    this.entries.delete(digest);
    this.entries.set(digest, entry);
    if (entry.known !== null) this.byStored.set(entry.known.key.digest.toString('latin1'), digest);
  }

  private drop(digest: string): void {
    const stored = this.entries.get(digest)?.known?.key.digest.toString('latin1');
    if (stored !== undefined) this.byStored.delete(stored);
    this.entries.delete(digest);
  }
}
