// Reads and writes a domain when the registry was asked about it. The write happens only if the row did not change
// since it was read.
import { seqAfter, sql, type PlatformClient, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import { operationIdOf, type EventDraft } from '@lumi/shared/purchase';
import { syncEvents, type SyncFrom, type SyncNext } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import type { DomainRow, RegistryPart, StoredState } from '../portfolio/domain-row';
import type { ContactData } from '../supplier/registrar';
import { USED_BY, type UsedContactRow } from './contact-store';
import { registrySql } from './domain-store';

export interface VersionedDomain {
  readonly row: DomainRow;
  readonly version: string;
  /** The open order on it, other than `except`. */
  readonly openOrder: string | null;
}

export async function findVersion(
  db: SqlRunner,
  reach: Reach,
  name: string,
  except: string | null,
): Promise<VersionedDomain | null> {
  // Raw SQL: the version of a row is no column, and its open order comes with it.
  const rows = await db.$queryRaw<(DomainRow & { version: string; open_order: string | null })[]>(sql`
    SELECT d.*, d.xmin::text AS version, ${openOrder(except)} AS open_order FROM domains.domain d WHERE d.name = ${name}
      AND d.ended_at IS NULL AND ${within(reach, 'd')}`);
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

/**
 * Null: the row has another version by now, or an order or change is open on it. `found` null: the registry does not
 * know the name.
 */
export async function writeVersion(
  db: SqlRunner,
  { row, version }: VersionedDomain,
  found: Found | null,
  { except, now, events }: { except: string | null; now: Date; events: readonly EventDraft[] },
): Promise<DomainRow | null> {
  const isEnded = found !== null && found.state === 'transferred_out';
  const columns =
    found === null
      ? sql`missing_since = coalesce(d.missing_since, ${now}::timestamptz), updated_at = CASE
        WHEN d.missing_since IS NULL THEN ${now}::timestamptz ELSE d.updated_at END`
      : sql`${registrySql(found.part)}, state = ${found.state}, ended_at = ${isEnded ? now : null}::timestamptz,
        updated_at = ${found.isChanged ? now : row.updated_at}::timestamptz`;
  // Raw SQL: the row and the events in one statement, by its version.
  const rows = await db.$queryRaw<DomainRow[]>(sql`
    WITH written AS (
      UPDATE domains.domain d SET ${columns}, synced_at = ${now}::timestamptz
      WHERE d.seq = ${row.seq} AND d.xmin::text = ${version} AND d.ended_at IS NULL AND d.change_id IS NULL
        AND ${openOrder(except)} IS NULL RETURNING d.*)
    SELECT written.*, ${syncEvents(sql`written`, 'domains', events, now)} AS told FROM written`);
  return rows[0] ?? null;
}

export async function nextDomains(
  db: Pick<PrismaClient, 'domain'>,
  { accountId, afterSeq, limit }: SyncFrom,
): Promise<SyncNext[]> {
  const rows = await db.domain.findMany({
    where: { account_id: accountId, ended_at: null, ...seqAfter({ afterSeq }) },
    select: { seq: true, name: true },
    orderBy: { seq: 'asc' },
    take: limit,
  });
  return rows.map(({ seq, name }) => ({ seq, id: name }));
}

export interface VersionedContact {
  readonly row: UsedContactRow;
  readonly version: string;
  /** The registrars that know it as a handle: those of the domains that use it. */
  readonly registrars: readonly string[];
}

export async function findContactVersion(db: SqlRunner, reach: Reach, id: string): Promise<VersionedContact | null> {
  // Raw SQL: as for domains.
  const rows = await db.$queryRaw<(UsedContactRow & { version: string; registrars: string[] })[]>(sql`
    SELECT d.*, ${USED_BY}, d.xmin::text AS version, ARRAY(
      SELECT DISTINCT o.registrar FROM domains.domain o WHERE o.account_id = d.account_id AND o.ended_at IS NULL
        AND d.id IN (o.registrant_id, o.admin_id, o.tech_id, o.billing_id) ORDER BY 1) AS registrars
    FROM domains.contact d WHERE d.id = ${id} AND d.deleted_at IS NULL AND ${within(reach, 'd')}`);
  if (rows[0] === undefined) return null;
  const { version, registrars, ...row } = rows[0];
  return { row, version, registrars };
}

/** False: the row has another version by now. `data` null: a registrar does not know it. */
export async function writeContactVersion(
  db: SqlRunner,
  { row, version }: VersionedContact,
  data: ContactData | null,
  { now, events }: { now: Date; events: readonly EventDraft[] },
): Promise<boolean> {
  const columns =
    data === null
      ? sql`missing_since = coalesce(d.missing_since, ${now}::timestamptz)`
      : sql`missing_since = NULL, data = ${JSON.stringify(data)}::jsonb`;
  // Raw SQL: as for domains.
  const rows = await db.$queryRaw<unknown[]>(sql`
    WITH written AS (
      UPDATE domains.contact d SET ${columns}, synced_at = ${now}::timestamptz,
        updated_at = ${events.length > 0 ? now : row.updated_at}::timestamptz
      WHERE d.id = ${row.id} AND d.xmin::text = ${version} AND d.deleted_at IS NULL RETURNING d.id, d.account_id)
    SELECT written.id, ${syncEvents(sql`written`, 'domains', events, now)} AS told FROM written`);
  return rows.length > 0;
}

export async function nextContacts(
  db: Pick<PrismaClient, 'contact'>,
  { accountId, afterSeq, limit }: SyncFrom,
): Promise<SyncNext[]> {
  return db.contact.findMany({
    where: { account_id: accountId, deleted_at: null, ...seqAfter({ afterSeq }) },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}

/** Operation ids of the transfers that are not over. */
export async function nextTransfers(
  db: Pick<PlatformClient, 'order'>,
  { accountId, afterSeq, limit }: SyncFrom,
): Promise<SyncNext[]> {
  const rows = await db.order.findMany({
    where: {
      product: 'domains',
      kind: 'domain_transfer',
      account_id: accountId,
      state: { in: ['acting', 'pending'] },
      ...seqAfter({ afterSeq }),
    },
    select: { seq: true, id: true },
    orderBy: { seq: 'asc' },
    take: limit,
  });
  return rows.map(({ seq, id }) => ({ seq, id: operationIdOf(id) }));
}

function openOrder(except: string | null): Sql {
  return sql`(SELECT o.id FROM platform.orders o WHERE o.product = 'domains' AND o.lock_key = d.name
    AND o.state IN ('acting', 'pending') AND o.id IS DISTINCT FROM ${except}::text LIMIT 1)`;
}
