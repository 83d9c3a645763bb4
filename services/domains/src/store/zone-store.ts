// Queries on zones. A change is one statement, which holds only if the zone has the serial that the change was made
// for.
import { newId } from '@lumi/shared/contract';
import { seqAfter, seqBefore, sql, type SqlRunner } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import type { EventDraft } from '@lumi/shared/purchase';
import { syncEvents } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import type { ZoneRecordModel, ZoneVersionModel } from '../generated/db/models';
import type { RecordType } from '../dns/record-types';
import type { Diff } from '../zones/diff';
import type { StoredRecord, ZoneRow } from '../zones/zone-row';

type Tables = Pick<PrismaClient, 'zone' | 'zoneRecord' | 'zoneVersion'>;
interface SeqPage {
  readonly limit: number;
  readonly beforeSeq: string | null;
}

const VERSIONS_MAX = 100;

export type VersionKind = 'create' | 'change' | 'import' | 'restore';

export interface VersionRow extends Omit<ZoneVersionModel, 'removed' | 'added'> {
  readonly removed: readonly StoredRecord[];
  readonly added: readonly StoredRecord[];
}

export function findZone(db: Tables, reach: Reach, name: string): Promise<ZoneRow | null> {
  return db.zone.findFirst({ where: { name, ...ownedBy(reach) } });
}

export function listZones(db: Tables, reach: Reach, page: SeqPage): Promise<ZoneRow[]> {
  return db.zone.findMany({
    where: { ...ownedBy(reach), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

/** All of them, 5,000 at most, in the order in which they came. */
export async function recordsOf(db: Tables, zoneSeq: bigint): Promise<readonly StoredRecord[]> {
  const rows = await db.zoneRecord.findMany({ where: { zone_seq: zoneSeq }, orderBy: { seq: 'asc' } });
  return rows.map(storedRecord);
}

export async function findRecord(db: Tables, zoneSeq: bigint, id: string): Promise<StoredRecord | null> {
  const row = await db.zoneRecord.findFirst({ where: { zone_seq: zoneSeq, id } });
  return row === null ? null : storedRecord(row);
}

export async function setOf(db: Tables, zoneSeq: bigint, name: string, type: string): Promise<readonly StoredRecord[]> {
  const rows = await db.zoneRecord.findMany({ where: { zone_seq: zoneSeq, name, type }, orderBy: { seq: 'asc' } });
  return rows.map(storedRecord);
}

export async function listRecords(
  db: Tables,
  zoneSeq: bigint,
  filter: { readonly name?: string; readonly type?: string },
  page: { readonly limit: number; readonly afterSeq: string | null },
): Promise<(StoredRecord & { readonly seq: bigint })[]> {
  const rows = await db.zoneRecord.findMany({
    where: { zone_seq: zoneSeq, ...filter, ...seqAfter(page) },
    orderBy: { seq: 'asc' },
    take: page.limit + 1,
  });
  return rows.map((row) => ({ ...storedRecord(row), seq: row.seq }));
}

function storedRecord({ seq: _seq, zone_seq: _zone, ...row }: ZoneRecordModel): StoredRecord {
  return {
    ...row,
    type: row.type as RecordType, // written by this file alone
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export async function listVersions(db: Tables, zoneSeq: bigint, page: SeqPage): Promise<VersionRow[]> {
  const rows = await db.zoneVersion.findMany({
    where: { zone_seq: zoneSeq, ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  return rows.map(versionRow);
}

/** This version and all later ones, newest first. Empty: there is no such version. */
export async function versionsSince(db: Tables, zoneSeq: bigint, id: string): Promise<readonly VersionRow[]> {
  const first = await db.zoneVersion.findFirst({ where: { zone_seq: zoneSeq, id }, select: { seq: true } });
  if (first === null) return [];
  const rows = await db.zoneVersion.findMany({
    where: { zone_seq: zoneSeq, seq: { gte: first.seq } },
    orderBy: { seq: 'desc' },
  });
  return rows.map(versionRow);
}

function versionRow(row: ZoneVersionModel): VersionRow {
  return {
    ...row,
    removed: row.removed as unknown as readonly StoredRecord[], // both written by this file alone
    added: row.added as unknown as readonly StoredRecord[],
  };
}

export interface Author {
  readonly keyId: string;
  readonly reason: string | null;
  readonly now: Date;
}

/** Null: the account does not hold `holding`, or there is a zone of this name. */
export async function insertZone(
  db: SqlRunner,
  zone: { readonly name: string; readonly unicode: string; readonly accountId: string; readonly holding: string },
  { keyId, reason, now }: Author,
): Promise<ZoneRow | null> {
  // A zone that is made again has a higher serial than before, if it changed less than once a second.
  const serial = Math.floor(now.getTime() / 1000);
  const event: EventDraft = {
    type: 'zone.created',
    subject: zone.name,
    data: { zone: zone.name, serial, records: 0 },
  };
  // Raw SQL: the domain that allows the zone is locked in the statement that makes it.
  const rows = await db.$queryRaw<ZoneRow[]>(sql`
    WITH holder AS MATERIALIZED (SELECT d.account_id FROM domains.domain d WHERE d.name = ${zone.holding}
        AND d.account_id = ${zone.accountId} AND d.ended_at IS NULL FOR SHARE),
      written AS (
        INSERT INTO domains.zone (name, unicode, account_id, serial, records, created_at, updated_at)
        SELECT ${zone.name}, ${zone.unicode}, holder.account_id, ${serial}::bigint, 0, ${now}::timestamptz,
          ${now}::timestamptz FROM holder ON CONFLICT (name) DO NOTHING RETURNING *),
      version AS (
        INSERT INTO domains.zone_version (id, zone_seq, serial, kind, reason, key_id, records, removed, added,
          created_at)
        SELECT ${newId('ver', now.getTime())}, written.seq, written.serial, 'create', ${reason}::text, ${keyId}, 0,
          '[]', '[]', ${now}::timestamptz FROM written)
    SELECT written.*, ${syncEvents(sql`written`, 'domains', [event], now)} AS told FROM written`);
  return rows[0] ?? null;
}

/** Null: the zone has another serial by now. */
export async function writeChange(
  db: SqlRunner,
  { zone, diff, kind }: { readonly zone: ZoneRow; readonly diff: Diff; readonly kind: VersionKind },
  { keyId, reason, now }: Author,
): Promise<ZoneRow | null> {
  const serial = zone.serial >= 4_294_967_295n ? 1n : zone.serial + 1n; // RFC 1982; 0 is left out
  const records = zone.records + diff.added.length - diff.removed.length;
  const counts = { added: diff.added.length, removed: diff.removed.length, changed: diff.changed.length };
  const event: EventDraft = {
    type: 'zone.changed',
    subject: zone.name,
    data: { zone: zone.name, serial: Number(serial), records, ...counts },
  };
  const [before, after] = [diff.changed.map((one) => one.before), diff.changed.map((one) => one.after)];
  const gone = diff.removed.map(({ id }) => id);
  const fields = sql`(id text, name text, type text, content text, ttl int, comment text, disabled boolean,
    created_at timestamptz, updated_at timestamptz)`;
  // Raw SQL: records, version and event in one statement, by the serial of the zone.
  const rows = await db.$queryRaw<ZoneRow[]>(sql`
    WITH written AS (
        UPDATE domains.zone z SET serial = ${serial}::bigint, records = ${records}::int,
          updated_at = ${now}::timestamptz
        WHERE z.seq = ${zone.seq} AND z.serial = ${zone.serial}::bigint RETURNING z.*),
      gone AS (DELETE FROM domains.zone_record r USING written WHERE r.zone_seq = written.seq
        AND r.id = ANY (${gone}::text[])),
      changed AS (
        UPDATE domains.zone_record r SET name = n.name, content = n.content, ttl = n.ttl, comment = n.comment,
          disabled = n.disabled, updated_at = n.updated_at
        FROM written, jsonb_to_recordset(${JSON.stringify(after)}::jsonb) AS n ${fields}
        WHERE r.zone_seq = written.seq AND r.id = n.id),
      added AS (
        INSERT INTO domains.zone_record (id, zone_seq, name, type, content, ttl, comment, disabled, created_at,
          updated_at)
        SELECT n.id, written.seq, n.name, n.type, n.content, n.ttl, n.comment, n.disabled, n.created_at, n.updated_at
        FROM written, jsonb_to_recordset(${JSON.stringify(diff.added)}::jsonb) AS n ${fields}),
      version AS (
        INSERT INTO domains.zone_version (id, zone_seq, serial, kind, reason, key_id, records, removed, added,
          created_at)
        SELECT ${newId('ver', now.getTime())}, written.seq, written.serial, ${kind}, ${reason}::text, ${keyId},
          written.records, ${JSON.stringify([...diff.removed, ...before])}::jsonb,
          ${JSON.stringify([...diff.added, ...after])}::jsonb, ${now}::timestamptz FROM written),
      oldest AS (
        DELETE FROM domains.zone_version v USING written WHERE v.zone_seq = written.seq AND v.seq <= (
          SELECT k.seq FROM domains.zone_version k WHERE k.zone_seq = ${zone.seq} ORDER BY k.seq DESC
          OFFSET ${VERSIONS_MAX - 1} LIMIT 1))
    SELECT written.*, ${syncEvents(sql`written`, 'domains', [event], now)} AS told FROM written`);
  return rows[0] ?? null;
}

/** False: it has another serial by now, or is gone. */
export async function deleteZone(db: SqlRunner, zone: ZoneRow, now: Date): Promise<boolean> {
  const data = { zone: zone.name, serial: Number(zone.serial), records: zone.records };
  const event: EventDraft = { type: 'zone.deleted', subject: zone.name, data };
  // Raw SQL: the zone, what belongs to it, and the event in one statement. A record that a change adds while this
  // statement waits would be left over, so the serial must be the one that was read.
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH written AS (DELETE FROM domains.zone z WHERE z.seq = ${zone.seq}
        AND z.serial = ${zone.serial}::bigint RETURNING z.*),
      records AS (DELETE FROM domains.zone_record r USING written WHERE r.zone_seq = written.seq),
      versions AS (DELETE FROM domains.zone_version v USING written WHERE v.zone_seq = written.seq)
    SELECT written.seq, ${syncEvents(sql`written`, 'domains', [event], now)} AS told FROM written`);
  return rows.length > 0;
}
