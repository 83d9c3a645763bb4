// A pool of exits, grouped by the places that clients ask for. A group is made once for a pool, however many
// connections ask for it and however they spell it; choosing from it copies nothing.
import type { PoolExit } from './rights';
import type { Wish } from './user-name';

/** The sandbox's country whose proxies refuse every connection. */
export const REFUSING_COUNTRY = 'XU';
const PLACES = ['country', 'region', 'city', 'asn'] as const;
/** Tries at random before the exits are tried one after the other. */
const RANDOM_TRIES = 8;

type Name = (typeof PLACES)[number];
type Place = Pick<Wish, Name | 'zip'>;
type IsUsable = (exit: PoolExit) => boolean;

export class ExitPool {
  /** For each set of places that a client may name (16 at most): the exits of each place. */
  private readonly groups = new Map<string, ReadonlyMap<string, readonly PoolExit[]>>();
  private byAddress: ReadonlyMap<string, PoolExit> | null = null;

  constructor(private readonly exits: readonly PoolExit[]) {}

  /** The exits at this place. The same list for the same place. */
  at(place: Place): readonly PoolExit[] {
    if (place.zip !== null) return NONE; // the list of exits has none
    const named = PLACES.filter((one) => place[one] !== null);
    const key = named.join('|');
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = this.groupBy(named)));
    return group.get(keyOf(named, place)) ?? NONE;
  }

  /** Whether the exit with this address is still one of those at this place. */
  has(address: string, place: Place): boolean {
    this.byAddress ??= new Map(this.exits.map((exit) => [exit.address, exit]));
    const exit = this.byAddress.get(address);
    const named = PLACES.filter((one) => place[one] !== null);
    return exit !== undefined && exit.country !== REFUSING_COUNTRY && keyOf(named, exit) === keyOf(named, place);
  }

  private groupBy(named: readonly Name[]): ReadonlyMap<string, readonly PoolExit[]> {
    const group = new Map<string, PoolExit[]>();
    for (const exit of this.exits) {
      if (exit.country === REFUSING_COUNTRY) continue;
      const key = keyOf(named, exit);
      const list = group.get(key);
      if (list === undefined) group.set(key, [exit]);
      else list.push(exit);
    }
    return group;
  }
}

const NONE: readonly PoolExit[] = [];

function keyOf(named: readonly Name[], place: Readonly<Record<Name, string | number | null>>): string {
  return named.map((one) => plain(place[one])).join('|');
}

/** `New York`, `new-york` and `new_york` are one place. */
function plain(place: string | number | null): string {
  return typeof place === 'string' ? place.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') : String(place ?? '');
}

/** Any of those that are usable, and `before` only if there is no other. Null: none is. */
export function pickExit(exits: readonly PoolExit[], isUsable: IsUsable, before?: string): PoolExit | null {
  const isOther: IsUsable = (exit) => exit.address !== before && isUsable(exit);
  for (let tries = 0; tries < RANDOM_TRIES; tries += 1) {
    const exit = exits[Math.floor(Math.random() * exits.length)];
    if (exit !== undefined && isOther(exit)) return exit;
  }
  const from = Math.floor(Math.random() * exits.length);
  return firstFrom(exits, from, isOther) ?? firstFrom(exits, from, isUsable);
}

/** The first usable one, counted around from this place. Null: none is. */
export function firstFrom(exits: readonly PoolExit[], from: number, isUsable: IsUsable): PoolExit | null {
  for (let i = 0; i < exits.length; i += 1) {
    const exit = exits[(from + i) % exits.length];
    if (exit !== undefined && isUsable(exit)) return exit;
  }
  return null;
}
