// A zone and its records as rows, and as callers see them.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import { RECORD_TYPES, type RecordType } from '../dns/record-types';
import { RECORDS_MAX, TTL_MAX, TTL_MIN } from '../dns/zone-limits';

export interface ZoneRow {
  readonly seq: bigint;
  readonly name: string;
  readonly unicode: string;
  readonly account_id: string;
  readonly serial: bigint;
  readonly records: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A record without its place in lists. Versions keep it in this form, with times as texts. */
export interface StoredRecord {
  readonly id: string;
  readonly name: string;
  readonly type: RecordType;
  readonly content: string;
  readonly ttl: number;
  readonly comment: string | null;
  readonly disabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export const zoneSchema = z
  .object({
    zone: z.string().describe('The name of the zone, lower case, as A-labels.').meta({ example: 'example.com' }),
    unicode: z.string(),
    serial: z.int().describe('The serial of its SOA; each change makes a new one.').meta({ example: 1_795_000_001 }),
    records: z.int().describe('How many records it has, without SOA and our own NS.'),
    limits: z
      .object({
        records_max: z.int().describe('The maximum of records.'),
        ttl_min: z.int().describe('The minimum TTL, in seconds.'),
        ttl_max: z.int().describe('The maximum TTL, in seconds.'),
      })
      .describe('What a change must keep to.'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Zone' });

export function viewZone(row: ZoneRow): z.output<typeof zoneSchema> {
  return {
    zone: row.name,
    unicode: row.unicode,
    serial: Number(row.serial),
    records: row.records,
    limits: { records_max: RECORDS_MAX, ttl_min: TTL_MIN, ttl_max: TTL_MAX },
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
  };
}

export const recordSchema = z
  .object({
    id: z.string().describe('Stays as long as the record has this name, type and content.'),
    name: z.string().describe('Relative to the zone; `@` is the zone itself.').meta({ example: 'www' }),
    type: z.enum(RECORD_TYPES).describe('The type of the record.'),
    content: z.string().describe('Its data in presentation format; names are absolute.').meta({ example: '192.0.2.1' }),
    ttl: z.int().describe('Seconds that resolvers may keep it; the same for all records of its name and type.'),
    comment: z.string().nullable().describe('A note of yours, which is not published.'),
    disabled: z.boolean().describe('Kept, and not published.'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'ZoneRecord' });

export type RecordView = z.output<typeof recordSchema>;

export function viewRecord(record: StoredRecord): RecordView {
  const { id, name, type, content, ttl, comment, disabled } = record;
  return {
    id,
    name,
    type,
    content,
    ttl,
    comment,
    disabled,
    created_at: isoSeconds(new Date(record.created_at)),
    updated_at: isoSeconds(new Date(record.updated_at)),
  };
}

export const recordsDiffSchema = z
  .object({
    added: z.array(recordSchema).describe('Records that the zone did not have.'),
    removed: z.array(recordSchema).describe('Records that the zone has no longer.'),
    changed: z
      .array(z.object({ before: recordSchema.describe('As it was.'), after: recordSchema.describe('As it is.') }))
      .describe('Records that differ.'),
  })
  .meta({ id: 'ZoneDiff' });

export const changeSchema = z
  .object({
    zone: z.string(),
    serial: z.int().describe('After the change; with `dry_run`, that of today.'),
    dry_run: z.boolean().describe('Nothing was changed.'),
    diff: recordsDiffSchema.describe('What the change does to the records.'),
  })
  .meta({ id: 'ZoneChange' });
