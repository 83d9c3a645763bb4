// The limits of a zone, and what its records together must fulfil.
import type { RecordType } from './record-types';

export const TTL_MIN = 60;
export const TTL_MAX = 604_800;
export const TTL_DEFAULT = 3600;
export const RECORDS_MAX = 5_000;
/** Of the contents of all records: what the name server holds in memory. */
const CONTENTS_MAX = 2 * 1024 * 1024;
/** Of the contents of one name and type: all of them are in one answer, of 64 KiB at most. */
const SET_MAX = 32_768;

export function ttlRefusal(ttl: number): string | null {
  return ttl < TTL_MIN || ttl > TTL_MAX ? `must be ${String(TTL_MIN)} to ${String(TTL_MAX)} seconds` : null;
}

export interface ZoneRecord {
  /** Relative to the zone, `@` for the zone itself. */
  readonly name: string;
  readonly type: RecordType;
  readonly content: string;
  readonly disabled: boolean;
}

export interface ZoneFault<R extends ZoneRecord> {
  /** Undefined: the zone as a whole. */
  readonly record: R | undefined;
  readonly message: string;
}

const FAULTS_MAX = 50;

/** What is wrong with these records as one zone, 50 faults at most. Disabled records are only counted. */
export function faultsOfZone<R extends ZoneRecord>(records: readonly R[]): readonly ZoneFault<R>[] {
  const faults: ZoneFault<R>[] = [];
  const whole = (message: string) => faults.push({ record: undefined, message });
  if (records.length > RECORDS_MAX) whole(`a zone has at most ${String(RECORDS_MAX)} records`);
  if (records.reduce((sum, { content }) => sum + content.length, 0) > CONTENTS_MAX)
    whole(`the contents of a zone have at most ${String(CONTENTS_MAX)} characters`);
  const served = records.filter(({ disabled }) => !disabled);
  const typesOf = grouped(served);
  const seen = new Set<string>();
  for (const record of records) {
    const message = repeated(record, seen) ?? (record.disabled ? null : faultAmong(record, typesOf.get(record.name)));
    if (message !== null) faults.push({ record, message });
    if (faults.length >= FAULTS_MAX) break;
  }
  return faults;
}

interface SetOfType {
  count: number;
  size: number;
}

function grouped(records: readonly ZoneRecord[]): ReadonlyMap<string, ReadonlyMap<RecordType, SetOfType>> {
  const names = new Map<string, Map<RecordType, SetOfType>>();
  for (const { name, type, content } of records) {
    const types = names.get(name) ?? new Map<RecordType, SetOfType>();
    const set = types.get(type) ?? { count: 0, size: 0 };
    set.count += 1;
    set.size += content.length + 16;
    types.set(type, set);
    names.set(name, types);
  }
  return names;
}

function repeated({ name, type, content }: ZoneRecord, seen: Set<string>): string | null {
  const key = `${name} ${type} ${content}`;
  if (seen.has(key)) return 'is in the zone already';
  seen.add(key);
  return null;
}

function faultAmong({ name, type }: ZoneRecord, types: ReadonlyMap<RecordType, SetOfType> | undefined): string | null {
  if (name === '@' && type === 'CNAME') return 'cannot be a CNAME at the zone itself, which has SOA and NS';
  if (name === '@' && type === 'NS') return 'is one of the name servers of the zone itself, which are set by us';
  if (name === '@' && type === 'DS') return 'belongs into the zone above; set it with PUT /domains/{domain}/dnssec';
  const cname = types?.get('CNAME');
  if (cname !== undefined && types !== undefined) {
    // RFC 1034 §3.6.2, RFC 2181 §10.1
    if (types.size > 1) return 'shares its name with a CNAME, which must be alone';
    if (cname.count > 1) return 'is a second CNAME of its name';
  }
  return (types?.get(type)?.size ?? 0) > SET_MAX
    ? `is one of a name and type with more than ${String(SET_MAX)} characters`
    : null;
}
