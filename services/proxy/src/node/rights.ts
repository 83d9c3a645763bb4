// The rights in force at this node: which login or client address may use which exits, and until when. The control side
// fills them from the service's feed. The data plane asks them for every connection and never asks the service.
import { timingSafeEqual } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import { readBlock } from '@lumi/shared/addresses';
import type { Clock } from '@lumi/shared/runtime';
import { LoginDigests } from './login-digests';
import type { UpstreamEndpoint } from './upstream-handshake';

export interface Login {
  readonly name: string;
  /** Base64 of HMAC-SHA256 of `name \0 password` under the node's key. */
  readonly digest: string;
  /** The end of a grace period; null: as long as the right. */
  readonly untilMs: number | null;
}

export interface AllowedBlock {
  /** An address, or a block in CIDR form. */
  readonly block: string;
  readonly untilMs: number | null;
}

export interface FixedExit {
  readonly kind: 'fixed';
  readonly address: string;
  readonly country: string;
}

export interface Right {
  /** Id of the proxy, plan or sub-user. */
  readonly subject: string;
  readonly kind: 'proxy' | 'plan' | 'subuser';
  readonly accountId: string;
  readonly isEnabled: boolean;
  readonly suspendedFor: string | null;
  readonly logins: readonly Login[];
  readonly blocks: readonly AllowedBlock[];
  /** A static proxy's own port, for all protocols; null: the ports of the pools. */
  readonly port: number | null;
  readonly protocol: 'http' | 'socks5' | 'both';
  readonly exits: FixedExit | { readonly kind: 'pool'; readonly pool: string };
  /** The supplier's proxy whose address the exit is; null: it is the node's. */
  readonly upstream: UpstreamEndpoint | null;
  readonly rotationS: number | null;
  readonly validUntilMs: number;
  /** Connections at the same time. */
  readonly concurrency: number;
  /** Bits a second in each direction; null: no limit. */
  readonly bandwidthBps: number | null;
  readonly isMetered: boolean;
  readonly blockedDomains: readonly string[];
  /** Null: all that are not blocked. */
  readonly allowedDomains: readonly string[] | null;
}

export interface PoolExit {
  /** An IPv4 address, an IPv6 address, or an IPv6 prefix such as `2001:db8:1::/64`. */
  readonly address: string;
  readonly country: string;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: number | null;
}

export interface RightsChange {
  /** The rights are all rights: others end. */
  readonly isWhole?: boolean;
  readonly rights: readonly Right[];
  readonly removed?: readonly string[];
  /** Null or absent: as before. */
  readonly pools?: Readonly<Record<string, readonly PoolExit[]>> | null;
}

/** How a client showed that it has a right. Ask `holds` whether it still has it. */
export type Proof =
  | { readonly by: 'login'; readonly name: string; readonly digest: string }
  | { readonly by: 'address'; readonly client: string }
  /** The service's own check. `target`: digest of the only one. */
  | { readonly by: 'check'; readonly target: string; readonly untilMs: number };

export interface Grant {
  readonly right: Right;
  readonly proof: Proof;
}

/** `subjects`: those whose right changed or ended. */
export type RightsListener = (change: {
  readonly subjects: ReadonlySet<string>;
  readonly arePoolsNew: boolean;
}) => void;

interface Stored {
  readonly right: Right;
  readonly blocks: readonly { readonly list: BlockList; readonly untilMs: number | null; readonly block: string }[];
}

export class Rights {
  private readonly bySubject = new Map<string, Stored>();
  private readonly byName = new Map<string, Set<Stored>>();
  private readonly byPort = new Map<number, Set<Stored>>();
  private readonly turning = new Set<Stored>();
  private readonly listeners = new Set<RightsListener>();
  private poolExits: Readonly<Record<string, readonly PoolExit[]>> = {};
  private readonly digests = new LoginDigests();
  private aheadMs = 0;

  constructor(private readonly clock: Clock) {}

  /** The key under which the service makes the digests of logins for this node. */
  useKey(key: Uint8Array): void {
    this.digests.useKey(key);
  }

  /** Sets the service's clock: what it said the time was when its answer came. */
  setNow(serviceMs: number): void {
    this.aheadMs = serviceMs - this.clock.nowMs();
  }

  /** The time by the service's clock. Every end of a right is meant by it. */
  nowMs(): number {
    return this.clock.nowMs() + this.aheadMs;
  }

  apply({ isWhole = false, rights, removed = [], pools = null }: RightsChange): void {
    const kept = new Set(rights.map((right) => right.subject));
    const ended = isWhole ? [...this.bySubject.keys()].filter((subject) => !kept.has(subject)) : removed;
    for (const subject of ended) this.forget(subject);
    for (const right of rights) {
      this.forget(right.subject);
      this.keep(right);
    }
    if (pools !== null) this.poolExits = pools;
    const change = { subjects: new Set([...kept, ...ended]), arePoolsNew: pools !== null };
    for (const listener of this.listeners) listener(change);
  }

  onChange(listener: RightsListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get(subject: string): Right | null {
    return this.bySubject.get(subject)?.right ?? null;
  }

  all(): Right[] {
    return [...this.bySubject.values()].map(({ right }) => right);
  }

  /** Those whose exit changes by an interval. */
  rotating(): Right[] {
    return [...this.turning].map(({ right }) => right);
  }

  /** The ports that some right has as its own. */
  ports(): number[] {
    return [...this.byPort.keys()];
  }

  hasPort(port: number): boolean {
    return this.byPort.has(port);
  }

  poolOf(name: string): readonly PoolExit[] {
    return this.poolExits[name] ?? [];
  }

  digestOf(name: string, password: string): string {
    return this.digests.of(name, password);
  }

  /** Null: no such pair at this entry. `port` null: the entries of the pools. */
  byLogin(port: number | null, name: string, password: string): Grant | null {
    const candidates = this.byName.get(name);
    if (candidates === undefined) return null;
    const known = this.digests.known(name, password);
    const digest = known ?? this.digestOf(name, password);
    for (const { right } of candidates)
      if (right.port === port && this.hasLogin(right, name, digest)) {
        if (known === undefined) this.digests.remember(name, password, digest);
        return { right, proof: { by: 'login', name, digest } };
      }
    return null;
  }

  /** Whom a login with this name would be for at this entry, whatever the password. */
  subjectAt(port: number | null, name: string): string | null {
    for (const { right } of this.byName.get(name) ?? []) if (right.port === port) return right.subject;
    const [own] = port === null ? [] : (this.byPort.get(port) ?? []);
    return own?.right.subject ?? null;
  }

  /** A static proxy lets an allowed address in without a pair. */
  byAddress(port: number, client: string): Grant | null {
    for (const stored of this.byPort.get(port) ?? [])
      if (this.blockOf(stored, client) !== null) return { right: stored.right, proof: { by: 'address', client } };
    return null;
  }

  /** The right as it is now, if the proof still opens it; it may be disabled, suspended or expired. */
  holds(subject: string, proof: Proof): Right | null {
    const stored = this.bySubject.get(subject);
    if (stored === undefined) return null;
    return this.opens(stored, proof) ? stored.right : null;
  }

  /** The entry of the allow-list that admits this address, as the service wrote it. */
  allowedBy(subject: string, client: string): string | null {
    const stored = this.bySubject.get(subject);
    return stored === undefined ? null : this.blockOf(stored, client);
  }

  private opens(stored: Stored, proof: Proof): boolean {
    if (proof.by === 'check') return this.isNow(proof.untilMs);
    return proof.by === 'login'
      ? this.hasLogin(stored.right, proof.name, proof.digest)
      : this.blockOf(stored, proof.client) !== null;
  }

  private hasLogin(right: Right, name: string, digest: string): boolean {
    return right.logins.some(
      (login) => login.name === name && this.isNow(login.untilMs) && isSameDigest(login.digest, digest),
    );
  }

  private blockOf({ blocks }: Stored, client: string): string | null {
    const family = isIPv6(client) ? 'ipv6' : 'ipv4';
    return blocks.find(({ list, untilMs }) => this.isNow(untilMs) && list.check(client, family))?.block ?? null;
  }

  private isNow(untilMs: number | null): boolean {
    return untilMs === null || untilMs > this.nowMs();
  }

  private keep(right: Right): void {
    const stored = { right, blocks: right.blocks.map((one) => ({ ...one, list: listOf(one.block) })) };
    this.bySubject.set(right.subject, stored);
    if (right.rotationS !== null) this.turning.add(stored);
    for (const { name } of right.logins) addTo(this.byName, name, stored);
    if (right.port !== null) addTo(this.byPort, right.port, stored);
  }

  private forget(subject: string): void {
    const stored = this.bySubject.get(subject);
    if (stored === undefined) return;
    this.bySubject.delete(subject);
    this.turning.delete(stored);
    for (const { name } of stored.right.logins) removeFrom(this.byName, name, stored);
    if (stored.right.port !== null) removeFrom(this.byPort, stored.right.port, stored);
  }
}

function isSameDigest(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A block that cannot be read admits no address. */
function listOf(block: string): BlockList {
  const list = new BlockList();
  const { value } = readBlock(block);
  if (value !== undefined) list.addSubnet(value.address, value.bits, value.family);
  return list;
}

function addTo<K>(map: Map<K, Set<Stored>>, key: K, stored: Stored): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([stored]));
  else set.add(stored);
}

function removeFrom<K>(map: Map<K, Set<Stored>>, key: K, stored: Stored): void {
  const set = map.get(key);
  set?.delete(stored);
  if (set?.size === 0) map.delete(key);
}
