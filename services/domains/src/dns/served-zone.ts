// The zones that a name server answers for, in memory and by name: a question for a foreign name costs no query.
import { contentOf } from './content';
import type { Labels } from './name';
import { typeOfRecord } from './record-types';
import type { WrittenRecord } from './zone-file';
import { wordsOf } from './words';

/** A record as it goes into an answer. */
export interface ServedRecord {
  readonly owner: Labels;
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
}

/** By the number of the type. A name without records of its own has none: names below it exist. */
type Node = Map<number, ServedRecord[]>;

export interface ServedZone {
  readonly name: Labels;
  readonly nodes: ReadonlyMap<string, Node>;
}

/** Labels hold any byte, so they are joined by what no label can hold: its length comes before each. */
export function keyOf(labels: Labels): string {
  return labels.map((label) => String.fromCharCode(label.length) + label).join('');
}

/** The records include the SOA and the name servers of the zone itself. */
export function servedZone(name: Labels, records: readonly WrittenRecord[]): ServedZone {
  const nodes = new Map<string, Node>();
  const nodeOf = (labels: Labels): Node => {
    const key = keyOf(labels);
    const node = nodes.get(key) ?? new Map<number, ServedRecord[]>();
    nodes.set(key, node);
    return node;
  };
  for (const { name: owner, type, ttl, content } of records) {
    const { code } = typeOfRecord(type);
    const data = contentOf(type, wordsOf(content), name).wire;
    const node = nodeOf(owner);
    const set = node.get(code) ?? [];
    set.push({ owner, type: code, ttl, data });
    node.set(code, set);
    // Empty non-terminals (RFC 4592 §2.2.2).
    for (let up = owner.slice(1); up.length >= name.length; up = up.slice(1)) nodeOf(up);
  }
  return { name, nodes };
}

export class ServedZones {
  private readonly zones = new Map<string, ServedZone>();

  put(zone: ServedZone): void {
    this.zones.set(keyOf(zone.name), zone);
  }

  remove(name: Labels): void {
    this.zones.delete(keyOf(name));
  }

  /** The zone nearest to this name. A DS is in the zone above the name that it is of (RFC 4035 §3.1.4.1). */
  find(name: Labels, isDs: boolean): ServedZone | null {
    for (let at = isDs ? 1 : 0; at < name.length; at += 1) {
      const zone = this.zones.get(keyOf(name.slice(at)));
      if (zone !== undefined) return zone;
    }
    return isDs ? (this.zones.get(keyOf(name)) ?? null) : null;
  }
}
