// A zone file as a change of a zone.
import { writeRelative, type Labels } from '../dns/name';
import type { RecordType } from '../dns/record-types';
import { RECORDS_MAX } from '../dns/zone-limits';
import { readZoneFile, type FileRecord } from '../dns/zone-file';
import type { ZoneDraft } from './apply-change';

/** SOA and NS of the zone itself, which a file of another provider has. */
const OURS_MAX = 50;

export function importInto(draft: ZoneDraft, content: string, zone: Labels, mode: 'merge' | 'replace'): void {
  const { records, faults } = readZoneFile(content, zone, RECORDS_MAX + OURS_MAX);
  for (const fault of faults) draft.refuse('content', `${placeOf(fault)}${fault.message}`);
  if (faults.length > 0) return;
  const theirs = records.flatMap((record) => {
    const name = writeRelative(record.name, zone);
    const { type } = record;
    return type === 'SOA' || (name === '@' && type === 'NS') ? [] : [{ ...record, type, name }];
  });
  if (mode === 'replace') draft.keepOnly(new Set(theirs.map(keyOf)));
  const ttls = lowestTtls(theirs);
  const seen = new Set<string>();
  for (const record of theirs) {
    const ttl = ttls.get(setOf(record)) ?? record.ttl;
    if (seen.has(keyOf(record))) draft.refuse('content', `${placeOf(record)}the record is there twice`);
    else if (!draft.has(keyOf(record))) draft.createRead({ ...record, ttl }, 'content', placeOf(record));
    seen.add(keyOf(record));
  }
  draft.setTtls(ttls);
}

function placeOf({ line, column }: { readonly line: number; readonly column: number }): string {
  return `line ${String(line)}, column ${String(column)}: `;
}

type Placed = Omit<FileRecord, 'name' | 'type'> & { readonly name: string; readonly type: RecordType };

function keyOf({ name, type, content }: Pick<Placed, 'name' | 'type' | 'content'>): string {
  return `${name} ${type} ${content}`;
}

function setOf({ name, type }: Pick<Placed, 'name' | 'type'>): string {
  return `${name} ${type}`;
}

/** RFC 2181 §5.2: of different TTLs in one set the lowest is treated as that of all. */
function lowestTtls(records: readonly Placed[]): ReadonlyMap<string, number> {
  const ttls = new Map<string, number>();
  for (const record of records)
    ttls.set(setOf(record), Math.min(record.ttl, ttls.get(setOf(record)) ?? Number.POSITIVE_INFINITY));
  return ttls;
}
