// Reading and writing a domain when the registry was asked about it: written only if nothing happened to the row since it was read.
import { sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { operationIdOf, type EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type Turn } from '@lumi/shared/sync';
import type { DomainRow, RegistryPart, StoredState } from '../portfolio/domain-row';
import { registrySql } from './domain-store';
import { within } from './reach';

export interface VersionedDomain {
  readonly row: DomainRow;
  readonly version: string;
  /** The order that is open on it, other than `except`. */
  readonly openOrder: string | null;
}

export function turnOf(row: Pick<DomainRow, 'seq'>): Turn {
  return { table: sql`domains.domain`, row: sql`seq = ${row.seq}` };
}

export async function findVersion(db: SqlRunner, reach: Reach, name: string, except: string | null): Promise<VersionedDomain | null> {
  const rows = await db.$queryRaw<(DomainRow & { version: string; open_order: string | null })[]>(sql`
    SELECT d.*, d.xmin::text AS version, ${openOrder(except)} AS open_order FROM domains.domain d WHERE d.name = ${name} AND d.ended_at IS NULL AND ${within(reach)}`);
  const found = rows[0];
  if (found === undefined) return null;
  const { version, open_order: order, ...row } = found;
  return { row, version, openOrder: order === null ? null : operationIdOf(order) };
}

export interface Found {
  readonly part: RegistryPart;
  readonly state: StoredState;
  readonly isChanged: boolean;
}

/** Null: the row is another version by now, or something runs on it. `found` null: the registry does not know the name. */
export async function writeVersion(
  db: SqlRunner, { row, version }: VersionedDomain, found: Found | null, { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<DomainRow | null> {
  const isEnded = found !== null && found.state === 'transferred_out';
  const columns = found === null
    ? sql`missing_since = coalesce(d.missing_since, ${now}::timestamptz), updated_at = CASE WHEN d.missing_since IS NULL THEN ${now}::timestamptz ELSE d.updated_at END`
    : sql`${registrySql(found.part)}, state = ${found.state}, ended_at = ${isEnded ? now : null}::timestamptz, updated_at = ${found.isChanged ? now : row.updated_at}::timestamptz`;
  const rows = await db.$queryRaw<DomainRow[]>(sql`
    WITH written AS (
      UPDATE domains.domain d SET ${columns}, synced_at = ${now}::timestamptz
      WHERE d.seq = ${row.seq} AND d.xmin::text = ${version} AND d.ended_at IS NULL AND d.change_id IS NULL AND ${openOrder(except)} IS NULL RETURNING d.*)
    SELECT written.*, ${syncEvents(sql`written`, 'domains', events, now)} AS told FROM written`);
  return rows[0] ?? null;
}

export async function nextDomains(db: SqlRunner, accountId: string, afterSeq: string, limit: number): Promise<readonly { readonly seq: bigint; readonly id: string }[]> {
  return db.$queryRaw<{ seq: bigint; id: string }[]>(sql`
    SELECT seq, name AS id FROM domains.domain WHERE account_id = ${accountId} AND ended_at IS NULL AND seq > ${BigInt(afterSeq)} ORDER BY seq LIMIT ${limit}::int`);
}

function openOrder(except: string | null): Sql {
  return sql`(SELECT o.id FROM platform.orders o WHERE o.product = 'domains' AND o.lock_key = d.name AND o.state IN ('acting', 'pending') AND o.id IS DISTINCT FROM ${except}::text LIMIT 1)`;
}
