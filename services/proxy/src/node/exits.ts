// Which exit address a connection leaves by. Sessions are kept here, in this node only.
import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { addressBucket } from '@lumi/shared/addresses';
import { ExitPool, firstFrom, pickExit, REFUSING_COUNTRY } from './exit-pool';
import { ExitSessions, type ChosenExit } from './exit-sessions';
import type { NodeEvents } from './meter';
import type { PoolExit, Right, Rights } from './rights';
import { NO_WISH, type Wish } from './user-name';

/** The exit of a subject whose exit changes by an interval. */
interface Turn {
  readonly number: number;
  readonly from: readonly PoolExit[];
  readonly entry: string;
  readonly exit: ChosenExit;
}

const LAST_MAX = 100_000;
/** How long an exit that could not be used is left alone. */
const LOST_MS = 60_000;
const LOST_MAX = 10_000;
/** The machine does not have the address. Other codes are about one address: it has no free port, for example. */
const ABSENT = 'EADDRNOTAVAIL';
/** If the machine does not have so many addresses of an IPv6 block, it has none of them. */
const LOST_OF_BLOCK = 3;
/** Addresses of an IPv6 block that are tried for one interval. */
const ADDRESS_TRIES = 4;

export class Exits {
  private readonly sessions = new ExitSessions();
  /** The last exit of each subject, so that the next connection leaves by another one. */
  private readonly last = new Map<string, string>();
  private readonly turns = new Map<string, Turn>();
  /** Addresses and IPv6 blocks: until when. */
  private readonly lost = new Map<string, number>();
  /** Addresses of IPv6 blocks that the machine did not have: how many, until when. */
  private readonly absent = new Map<string, { readonly addresses: ReadonlySet<string>; readonly untilMs: number }>();
  private readonly pools = new WeakMap<readonly PoolExit[], ExitPool>();
  private readonly isUsable = ({ address }: PoolExit): boolean => !this.isLost(address);

  constructor(
    private readonly rights: Rights,
    private readonly events: Pick<NodeEvents, 'exitChanged'>,
  ) {}

  /** `exit`: there is none of this kind; `session`: a strict session has lost its exit. */
  choose(right: Right, wish: Wish): ChosenExit | 'exit' | 'session' {
    if (right.exits.kind === 'fixed') return fixedExit(right.exits, wish);
    const pool = this.poolOf(right.exits.pool);
    if (wish.session !== null) return this.ofSession(right, wish, pool);
    const exits = pool.at(wish);
    if (right.rotationS !== null) return this.ofInterval(right, right.rotationS, exits, isAnywhere(wish)) ?? 'exit';
    const chosen = pickExit(exits, this.isUsable, this.last.get(right.subject));
    if (chosen === null) return 'exit';
    keepBounded(this.last, right.subject, chosen.address, LAST_MAX);
    return concrete(chosen);
  }

  /** The kernel cannot use this address now. `code`: its word for that. */
  markLost(address: string, code: string): void {
    const untilMs = this.rights.nowMs() + LOST_MS;
    keepBounded(this.lost, address, untilMs, LOST_MAX);
    if (code !== ABSENT || !isIPv6(address)) return;
    const block = addressBucket(address);
    const before = this.absent.get(block);
    const isFresh = before !== undefined && before.untilMs > this.rights.nowMs();
    const addresses = new Set([...(isFresh ? before.addresses : []), address]);
    if (addresses.size < LOST_OF_BLOCK) {
      keepBounded(this.absent, block, { addresses, untilMs: isFresh ? before.untilMs : untilMs }, LOST_MAX);
      return;
    }
    this.absent.delete(block);
    keepBounded(this.lost, block, untilMs, LOST_MAX);
  }

  /** Reports the subjects whose interval has passed, whether or not they are in use. */
  rotate(): void {
    for (const right of this.rights.rotating()) {
      if (right.exits.kind !== 'pool' || right.rotationS === null) continue;
      this.ofInterval(right, right.rotationS, this.poolOf(right.exits.pool).at(NO_WISH), true);
    }
  }

  get sessionCount(): number {
    return this.sessions.size;
  }

  private ofSession(right: Right, wish: Wish, pool: ExitPool): ChosenExit | 'exit' | 'session' {
    const key = `${right.subject}|${placeOf(wish)}|${wish.session ?? ''}`;
    const now = this.rights.nowMs();
    const before = this.sessions.get(key);
    const isFresh = before !== undefined && before.untilMs > now;
    if (isFresh && pool.has(before.entry, wish) && !this.isLost(before.entry) && !this.isLost(before.exit.address)) {
      this.sessions.keep(key, before, right);
      return before.exit;
    }
    if (isFresh && wish.isStrict) return 'session';
    const chosen = pickExit(pool.at(wish), this.isUsable, before?.entry);
    if (chosen === null) return 'exit';
    const untilMs = isFresh ? before.untilMs : now + wish.ttlS * 1_000;
    const session = { entry: chosen.address, exit: concrete(chosen), untilMs };
    this.sessions.keep(key, session, right);
    return session.exit;
  }

  /**
   * Every node finds the same exit for the same interval, and a restart changes nothing. `isOwn`: it is the exit that
   * the service shows; a client that asks for a place has another one. Null: there is none.
   */
  private ofInterval(
    { subject }: Right,
    rotationS: number,
    from: readonly PoolExit[],
    isOwn: boolean,
  ): ChosenExit | null {
    const periodMs = rotationS * 1_000;
    const number = Math.floor((this.rights.nowMs() + (numberOf(subject) % periodMs)) / periodMs);
    const before = isOwn ? this.turns.get(subject) : undefined;
    const isSame = before?.number === number && before.from === from;
    if (isSame && !this.isLost(before.entry) && !this.isLost(before.exit.address)) return before.exit;
    const seed = `${subject}|${String(number)}`;
    const chosen = firstFrom(from, from.length === 0 ? 0 : numberOf(seed) % from.length, this.isUsable);
    if (chosen === null) return null;
    const exit = this.concreteFor(chosen, seed);
    if (!isOwn) return exit;
    keepBounded(this.turns, subject, { number, from, entry: chosen.address, exit }, LAST_MAX);
    if (before?.exit.address !== exit.address) this.events.exitChanged(subject, exit.address);
    return exit;
  }

  private concreteFor(chosen: PoolExit, seed: string): ChosenExit {
    let exit = concrete(chosen, seed);
    for (let i = 1; i < ADDRESS_TRIES && this.isLost(exit.address); i += 1)
      exit = concrete(chosen, `${seed}|${String(i)}`);
    return exit;
  }

  private poolOf(name: string): ExitPool {
    const exits = this.rights.poolOf(name);
    let pool = this.pools.get(exits);
    if (pool === undefined) this.pools.set(exits, (pool = new ExitPool(exits)));
    return pool;
  }

  private isLost(address: string): boolean {
    const untilMs = this.lost.get(address);
    return untilMs !== undefined && untilMs > this.rights.nowMs();
  }
}

function fixedExit(exit: ChosenExit, wish: Wish): ChosenExit | 'exit' {
  const { country, region, city, asn, zip } = wish;
  const isOther = (country !== null && country !== exit.country) || (region ?? city ?? asn ?? zip) !== null;
  return isOther || exit.country === REFUSING_COUNTRY ? 'exit' : exit;
}

function placeOf({ country, region, city, asn, zip }: Wish): string {
  return [country, region, city, asn, zip].map((one) => one ?? '').join('|');
}

function isAnywhere({ country, region, city, asn, zip }: Wish): boolean {
  return (country ?? region ?? city ?? asn ?? zip) === null;
}

/** Of a prefix of 64 bits: any of its addresses, or the one that belongs to `seed`. */
function concrete({ address, country }: PoolExit, seed?: string): ChosenExit {
  const [prefix = '', bits] = address.split('/');
  if (bits !== '64' || !isIPv6(prefix)) return { address, country };
  const words = prefix.split('::')[0]?.split(':') ?? [];
  const network = Array.from({ length: 4 }, (_, i) => words[i] ?? '0');
  const host = seed === undefined ? randomBytes(8) : createHash('sha256').update(seed).digest().subarray(0, 8);
  const interfaceId = host.toString('hex').match(/.{4}/g) ?? [];
  return { address: new URL(`http://[${[...network, ...interfaceId].join(':')}]`).hostname.slice(1, -1), country };
}

function numberOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}

/** The oldest entry goes when there are too many. */
export function keepBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
