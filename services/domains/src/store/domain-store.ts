// Queries on domains. The purchases write what is bought, in the statement that moves the money. This file has the
// reads and the free changes.
import { sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import { type Reach } from '@lumi/shared/endpoint';
import { Sorting, whereThings, within, type SortedRow, type ThingFilter } from '@lumi/shared/listing';
import { syncEvents } from '@lumi/shared/sync';
import type { PrismaClient } from '../generated/db/client';
import type { ChangeEvent } from '../portfolio/change-events';
import { type DomainRow, type RegistryPart, type StoredState } from '../portfolio/domain-row';
import { stateSql, type DomainState } from '../portfolio/lifecycle';

/** The live domain of that name, if it is within the reach. */
export async function findDomain(db: SqlRunner, reach: Reach, name: string): Promise<DomainRow | null> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  const rows = await db.$queryRaw<DomainRow[]>(
    sql`SELECT * FROM domains.domain d WHERE d.name = ${name} AND d.ended_at IS NULL AND ${within(reach, 'd')}`,
  );
  return rows[0] ?? null;
}

export async function findDomains(
  db: SqlRunner,
  reach: Reach,
  names: readonly string[],
): Promise<ReadonlyMap<string, DomainRow>> {
  // Raw SQL: one array, however many names are asked for.
  const rows = await db.$queryRaw<DomainRow[]>(
    sql`SELECT * FROM domains.domain d WHERE d.name = ANY (${[...names]}::text[]) AND d.ended_at IS NULL
      AND ${within(reach, 'd')}`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

export type DomainFilter = Partial<ThingFilter> & {
  readonly tld?: string | undefined;
  /** Absent: all that have not ended. */
  readonly states?: readonly DomainState[] | undefined;
};

export const SORTING = Sorting.newestFirst('d', {
  expires_at: { column: sql`d.expires_at`, type: 'timestamptz' },
  domain: { column: sql`d.name`, type: 'text' },
});
type Sort = typeof SORTING.fallback;

const TABLE = { alias: 'd', search: [sql`d.name`, sql`d.unicode`] };

/** One row more than `limit`, so that the page knows whether there is a next one. */
export async function listDomains(
  db: SqlRunner,
  reach: Reach,
  options: { filter: DomainFilter; sort: Sort; limit: number; after: readonly string[] | null; now: Date },
): Promise<(DomainRow & SortedRow)[]> {
  // Raw SQL: pages by the chosen order.
  return db.$queryRaw<(DomainRow & SortedRow)[]>(sql`
    SELECT d.*, ${SORTING.select(options.sort)} FROM domains.domain d
    ${whereDomains(reach, options.filter, options.now, SORTING.after(options.sort, options.after))}
      ${SORTING.orderBy(options.sort)} LIMIT ${options.limit + 1}`);
}

/** Names that match a filter, for bulk changes; at most `limit`. */
export async function matchingNames(
  db: SqlRunner,
  reach: Reach,
  filter: DomainFilter,
  now: Date,
  limit: number,
): Promise<{ readonly total: number; readonly names: readonly string[] }> {
  // Raw SQL: the count comes with the names.
  const rows = await db.$queryRaw<{ name: string; total: bigint }[]>(sql`
    SELECT d.name, count(*) OVER () AS total FROM domains.domain d ${whereDomains(reach, filter, now)}
      ORDER BY d.seq LIMIT ${limit}`);
  return { total: Number(rows[0]?.total ?? 0n), names: rows.map((row) => row.name) };
}

export interface OwnPart {
  readonly autoRenew?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Changes the customer's own fields, which the registry does not know. */
export async function updateOwnPart(
  db: SqlRunner,
  row: DomainRow,
  change: OwnPart,
  { events, now }: { readonly events: readonly ChangeEvent[]; readonly now: Date },
): Promise<DomainRow | null> {
  // Raw SQL: it also runs in the transaction that writes the audit log.
  return changedRow(
    db,
    events,
    now,
    sql`
    UPDATE domains.domain d SET
      auto_renew = coalesce(${change.autoRenew ?? null}::boolean, d.auto_renew),
      tags = coalesce(${change.tags === undefined ? null : [...change.tags]}::text[], d.tags),
      reference = CASE WHEN ${change.reference !== undefined} THEN ${change.reference ?? null}::text ELSE d.reference
        END,
      metadata = CASE WHEN ${change.metadata !== undefined} THEN
        ${change.metadata === undefined || change.metadata === null ? null : JSON.stringify(change.metadata)}::jsonb
          ELSE d.metadata END,
      updated_at = ${now}::timestamptz
    WHERE d.seq = ${row.seq} AND d.ended_at IS NULL RETURNING d.*`,
  );
}

/** The row after a change, which writes its events in the same statement. */
async function changedRow(
  db: SqlRunner,
  events: readonly ChangeEvent[],
  now: Date,
  change: Sql,
): Promise<DomainRow | null> {
  // Raw SQL: the change and its events are one statement.
  const rows = await db.$queryRaw<(DomainRow & { told: unknown })[]>(sql`
    WITH changed AS (${change})
    SELECT c.*, ${syncEvents(sql`changed`, 'domains', events, now)} AS told FROM changed c`);
  const [found] = rows;
  if (found === undefined) return null;
  const { told: _told, ...row } = found;
  return row;
}

/** Takes the lock for a change of this name at the registry. False while another change has it. */
export async function beginChange(
  db: SqlRunner,
  row: DomainRow,
  changeId: string,
  { leaseMs, deletes }: { leaseMs: number; deletes: boolean },
): Promise<boolean> {
  // Raw SQL: the lease is counted by the clock of the database.
  const taken = await db.$executeRaw(sql`
    UPDATE domains.domain SET change_id = ${changeId},
      change_until = now() + make_interval(secs => ${leaseMs / 1000}::float8), change_deletes = ${deletes}
    WHERE seq = ${row.seq} AND ended_at IS NULL AND change_id IS NULL`);
  return taken === 1;
}

/** Whether `takeOverChanges` would find anything. */
export const isAnyChangeAbandoned = (): Sql => sql`EXISTS (SELECT 1 FROM domains.domain WHERE change_until <= now())`;

/** Takes over changes whose process died, so that the registry is asked about their end. */
export async function takeOverChanges(
  db: SqlRunner,
  changeId: string,
  leaseMs: number,
  limit: number,
): Promise<DomainRow[]> {
  // Raw SQL: rows are locked, and locked ones are skipped.
  return db.$queryRaw<DomainRow[]>(sql`
    WITH due AS MATERIALIZED (SELECT seq FROM domains.domain WHERE change_until <= now() ORDER BY change_until
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    UPDATE domains.domain d SET change_id = ${changeId},
      change_until = now() + make_interval(secs => ${leaseMs / 1000}::float8) FROM due
    WHERE d.seq = due.seq RETURNING d.*`);
}

/** Releases the lock without new knowledge. */
export async function releaseChange(db: Pick<PrismaClient, 'domain'>, row: DomainRow, changeId: string): Promise<void> {
  await db.domain.updateMany({
    where: { seq: row.seq, change_id: changeId },
    data: { change_id: null, change_until: null },
  });
}

/** The end is unknown: the change stays open, and the worker asks the registry after `wakeAfterMs`. */
export async function postponeChange(
  db: SqlRunner,
  row: DomainRow,
  changeId: string,
  wakeAfterMs: number,
): Promise<void> {
  // Raw SQL: the lease is counted by the clock of the database.
  await db.$executeRaw(
    sql`UPDATE domains.domain SET change_until = now() + make_interval(secs => ${wakeAfterMs / 1000}::float8)
      WHERE seq = ${row.seq} AND change_id = ${changeId}`,
  );
}

/**
 * Stores what the registry has and ends the change. Null when another process took the change over; that process has
 * newer data and writes them.
 */
export async function finishChange(
  db: SqlRunner,
  row: DomainRow,
  changeId: string,
  part: RegistryPart,
  state: StoredState,
  { events, now }: { readonly events: readonly ChangeEvent[]; readonly now: Date },
): Promise<DomainRow | null> {
  const ended = state === 'transferred_out' || state === 'deleted' || state === 'released';
  // Raw SQL: the assignments are those of the riders of purchases.
  return changedRow(
    db,
    events,
    now,
    sql`
    UPDATE domains.domain d SET ${registrySql(part, paidTimeUnlessRenewedSql(part, row))}, state = ${state},
      ended_at = ${ended ? now : null}::timestamptz, change_id = NULL, change_until = NULL,
      synced_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
    WHERE d.seq = ${row.seq} AND d.change_id = ${changeId} RETURNING d.*`,
  );
}

/**
 * The registry does not know the name although no change deleted it: the change ends, and the domain stays for an
 * operator to examine.
 */
export async function finishChangeOfMissing(
  db: SqlRunner,
  row: DomainRow,
  changeId: string,
  now: Date,
): Promise<DomainRow | null> {
  // Raw SQL: an existing time is kept in the same statement.
  const rows = await db.$queryRaw<DomainRow[]>(sql`
    UPDATE domains.domain d SET missing_since = coalesce(d.missing_since, ${now}::timestamptz), change_id = NULL,
      change_until = NULL, synced_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
    WHERE d.seq = ${row.seq} AND d.change_id = ${changeId} RETURNING d.*`);
  return rows[0] ?? null;
}

/** For `termsNow` of purchases for a domain: its row at the moment when the money is held. */
export function domainFacts(name: string, accountId: string, facts: Sql): Sql {
  return sql`SELECT jsonb_build_object(${facts}) AS facts FROM domains.domain d WHERE d.name = ${name}
    AND d.account_id = ${accountId} AND d.ended_at IS NULL FOR NO KEY UPDATE OF d`;
}

/** Assignments of all columns that the registry decides. */
export function registrySql(part: RegistryPart, paidTime = paidTimeSql(part)): Sql {
  return sql`${paidTime}, registered_at = ${part.registered_at}::timestamptz,
    locked = ${part.locked}, privacy = ${part.privacy}, nameservers = ${[...part.nameservers]}::text[],
    registrant_id = ${part.registrant_id}::text, admin_id = ${part.admin_id}::text, tech_id = ${part.tech_id}::text,
      billing_id = ${part.billing_id}::text,
    ds = ${JSON.stringify(part.ds)}::jsonb, hosts = ${JSON.stringify(part.hosts)}::jsonb,
      auth_code_expires_at = ${part.auth_code_expires_at}::timestamptz`;
}

/** Assignments of the paid time. A name that the registry describes is not missing. */
export function paidTimeSql(part: RegistryPart): Sql {
  return sql`missing_since = NULL, registry_statuses = ${[...part.registry_statuses]}::text[],
    expires_at = ${part.expires_at}::timestamptz, grace_ends_at = ${part.grace_ends_at}::timestamptz,
    redemption_ends_at = ${part.redemption_ends_at}::timestamptz, delete_at = ${part.delete_at}::timestamptz`;
}

/**
 * As `paidTimeSql`, for an answer that may be older than a renewal: the paid time that was stored after `row` was read
 * stays.
 */
function paidTimeUnlessRenewedSql(part: RegistryPart, row: DomainRow): Sql {
  const unlessRenewed = (value: Sql, stored: Sql): Sql =>
    sql`CASE WHEN d.expires_at = ${row.expires_at}::timestamptz THEN ${value} ELSE ${stored} END`;
  return sql`missing_since = NULL,
    registry_statuses = ${unlessRenewed(sql`${[...part.registry_statuses]}::text[]`, sql`d.registry_statuses`)},
    expires_at = ${unlessRenewed(sql`${part.expires_at}::timestamptz`, sql`d.expires_at`)},
    grace_ends_at = ${unlessRenewed(sql`${part.grace_ends_at}::timestamptz`, sql`d.grace_ends_at`)},
    redemption_ends_at = ${unlessRenewed(sql`${part.redemption_ends_at}::timestamptz`, sql`d.redemption_ends_at`)},
    delete_at = ${unlessRenewed(sql`${part.delete_at}::timestamptz`, sql`d.delete_at`)}`;
}

function whereDomains(reach: Reach, filter: DomainFilter, now: Date, after: Sql | null = null): Sql {
  return whereThings(TABLE, reach, filter, [
    filter.states === undefined ? sql`d.ended_at IS NULL` : sql`${stateSql(now)} = ANY (${[...filter.states]}::text[])`,
    filter.tld === undefined ? null : sql`d.tld = ${filter.tld}`,
    after,
  ]);
}
