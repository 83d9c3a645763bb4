// Which exit address a connection leaves by. Sessions are kept here, in this node only.
import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { NodeEvents } from './meter';
import type { PoolExit, Right, Rights } from './rights';
import type { Wish } from './user-name';

export interface ChosenExit {
  /** To dial from. */
  readonly address: string;
  readonly country: string;
}

interface Session {
  readonly entry: string;
  readonly exit: ChosenExit;
  readonly untilMs: number;
}

const SESSIONS_MAX = 100_000;
const LAST_MAX = 100_000;
const FILTERS_MAX = 1_000;
/** How long an exit that could not be used is left alone. */
const LOST_MS = 60_000;
const LOST_MAX = 10_000;
/** The sandbox's country whose proxies refuse every connection. */
const REFUSING_COUNTRY = 'XU';

export class Exits {
  private readonly sessions = new Map<string, Session>();
  /** The last exit of each subject, so that the next connection leaves by another one. */
  private readonly last = new Map<string, string>();
  private readonly rotated = new Map<string, string>();
  private readonly lost = new Map<string, number>();
  private filtered = new WeakMap<readonly PoolExit[], Map<string, readonly PoolExit[]>>();

  constructor(
    private readonly rights: Rights,
    private readonly events: Pick<NodeEvents, 'exitChanged'>,
  ) {}

  /** `exit`: there is none of this kind; `session`: a strict session has lost its exit. */
  choose(right: Right, wish: Wish): ChosenExit | 'exit' | 'session' {
    if (right.exits.kind === 'fixed') return fixedExit(right.exits, wish);
    const pool = this.matching(this.rights.poolOf(right.exits.pool), wish);
    const usable = pool.filter(({ address }) => !this.isLost(address));
    if (wish.session !== null) return this.ofSession(right.subject, wish, usable);
    if (usable.length === 0) return 'exit';
    if (right.rotationS !== null) return this.ofInterval(right, right.rotationS, usable);
    const chosen = pick(usable, this.last.get(right.subject));
    keepBounded(this.last, right.subject, chosen.address, LAST_MAX);
    return concrete(chosen);
  }

  /** The kernel cannot use this address now. */
  markLost(address: string): void {
    keepBounded(this.lost, address, this.rights.nowMs() + LOST_MS, LOST_MAX);
  }

  /** Reports the subjects whose interval has passed, whether or not they are in use. */
  rotate(): void {
    for (const right of this.rights.rotating()) {
      if (right.exits.kind !== 'pool' || right.rotationS === null) continue;
      const usable = this.rights.poolOf(right.exits.pool).filter(({ address }) => !this.isLost(address));
      if (usable.length > 0) this.ofInterval(right, right.rotationS, usable);
    }
  }

  get sessionCount(): number {
    return this.sessions.size;
  }

  private ofSession(subject: string, wish: Wish, usable: readonly PoolExit[]): ChosenExit | 'exit' | 'session' {
    const key = `${subject}|${placeOf(wish)}|${wish.session ?? ''}`;
    const now = this.rights.nowMs();
    const before = this.sessions.get(key);
    const isFresh = before !== undefined && before.untilMs > now;
    if (isFresh && usable.some(({ address }) => address === before.entry)) {
      keepBounded(this.sessions, key, before, SESSIONS_MAX);
      return before.exit;
    }
    if (isFresh && wish.isStrict) return 'session';
    if (usable.length === 0) return 'exit';
    const chosen = pick(usable, before?.entry);
    const untilMs = isFresh ? before.untilMs : now + wish.ttlS * 1_000;
    const session = { entry: chosen.address, exit: concrete(chosen), untilMs };
    keepBounded(this.sessions, key, session, SESSIONS_MAX);
    return session.exit;
  }

  /** Every node finds the same exit for the same interval, and a restart changes nothing. */
  private ofInterval({ subject }: Right, rotationS: number, usable: readonly PoolExit[]): ChosenExit {
    const periodMs = rotationS * 1_000;
    const turn = Math.floor((this.rights.nowMs() + (numberOf(subject) % periodMs)) / periodMs);
    const chosen = usable[numberOf(`${subject}|${String(turn)}`) % usable.length] ?? usable[0];
    const exit = concrete(chosen as PoolExit, `${subject}|${String(turn)}`); // `usable` is not empty
    const before = this.rotated.get(subject);
    if (before !== exit.address) {
      keepBounded(this.rotated, subject, exit.address, LAST_MAX);
      this.events.exitChanged(subject, exit.address);
    }
    return exit;
  }

  private matching(pool: readonly PoolExit[], wish: Wish): readonly PoolExit[] {
    const place = placeOf(wish);
    let filters = this.filtered.get(pool);
    if (filters === undefined) this.filtered.set(pool, (filters = new Map()));
    const known = filters.get(place);
    if (known !== undefined) return known;
    const found = pool.filter((exit) => isAt(exit, wish));
    keepBounded(filters, place, found, FILTERS_MAX);
    return found;
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

function isAt(exit: PoolExit, { country, region, city, asn, zip }: Wish): boolean {
  return (
    exit.country !== REFUSING_COUNTRY &&
    (country === null || exit.country === country) &&
    (region === null || plain(exit.region) === plain(region)) &&
    (city === null || plain(exit.city) === plain(city)) &&
    (asn === null || String(exit.asn) === asn) &&
    zip === null // the list of exits has none
  );
}

/** `New York`, `new-york` and `new_york` are one place. */
function plain(place: string | null): string {
  return place?.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') ?? '';
}

function placeOf({ country, region, city, asn, zip }: Wish): string {
  return [country, region, city, asn, zip].map((one) => one ?? '').join('|');
}

function pick(exits: readonly PoolExit[], before: string | undefined): PoolExit {
  const at = Math.floor(Math.random() * exits.length);
  const chosen = exits[at] as PoolExit; // the caller checked that there is one
  return chosen.address === before ? (exits[(at + 1) % exits.length] as PoolExit) : chosen;
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
