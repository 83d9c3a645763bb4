// Contacts of an account. A deleted contact stays as a row, because past orders name it, but is never shown again.
import type { Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import { sql, type SqlRunner } from '@lumi/shared/db';
import { notFound } from '@lumi/shared/contract';
import type { PrismaClient } from '../generated/db/client';
import type { ContactModel } from '../generated/db/models';
import type { ContactData } from '../supplier/registrar';

export interface ContactRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly data: ContactData;
  readonly created_at: Date;
  readonly updated_at: Date;
  /**
   * When the registrar was last asked about it, and since when the registrar does not know it although a domain uses
   * it.
   */
  readonly synced_at: Date | null;
  readonly missing_since: Date | null;
}

export interface UsedContactRow extends ContactRow {
  readonly used_by: number;
}

type ContactTable = Pick<PrismaClient, 'contact'>;

function contactDataOf({ data }: Pick<ContactModel, 'data'>): ContactData {
  return data as unknown as ContactData; // written by this file alone
}

export const USED_BY = sql`(SELECT count(*)::int FROM domains.domain o WHERE o.account_id = d.account_id
  AND o.ended_at IS NULL AND d.id IN (o.registrant_id, o.admin_id, o.tech_id, o.billing_id)) AS used_by`;

export async function findContact(db: SqlRunner, reach: Reach, id: string): Promise<UsedContactRow | null> {
  // Raw SQL: the number of domains that use a contact comes with it.
  const rows = await db.$queryRaw<UsedContactRow[]>(
    sql`SELECT d.*, ${USED_BY} FROM domains.contact d WHERE d.id = ${id} AND d.deleted_at IS NULL
      AND ${within(reach, 'd')}`,
  );
  return rows[0] ?? null;
}

/** All of them, or 404. An id of another account is treated as an id that does not exist. */
export async function contactsOf(
  db: ContactTable,
  accountId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ContactData>> {
  if (ids.length === 0) return new Map();
  const found = await existingContacts(db, accountId, ids);
  if (ids.some((id) => !found.has(id))) throw notFound();
  return found;
}

export async function existingContacts(
  db: ContactTable,
  accountId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ContactData>> {
  if (ids.length === 0) return new Map();
  const rows = await db.contact.findMany({
    where: { id: { in: [...new Set(ids)] }, account_id: accountId, deleted_at: null },
    select: { id: true, data: true },
  });
  return new Map(rows.map((row) => [row.id, contactDataOf(row)]));
}

export async function listContacts(
  db: SqlRunner,
  reach: Reach,
  options: { q: string | undefined; limit: number; after: readonly string[] | null },
): Promise<UsedContactRow[]> {
  const after = options.after?.[0] === undefined ? sql`TRUE` : sql`d.seq < ${BigInt(options.after[0])}`;
  const q =
    options.q === undefined ? sql`TRUE` : sql`d.data::text ILIKE ${`%${options.q.replace(/[\\%_]/g, '\\$&')}%`}`;
  // Raw SQL: as above; and the search is over the text of the data.
  return db.$queryRaw<UsedContactRow[]>(sql`
    SELECT d.*, ${USED_BY} FROM domains.contact d WHERE ${within(reach, 'd')} AND d.deleted_at IS NULL AND ${q}
      AND ${after}
      ORDER BY d.seq DESC LIMIT ${options.limit + 1}`);
}

export async function insertContact(
  db: ContactTable,
  { id, accountId, data, now }: { id: string; accountId: string; data: ContactData; now: Date },
): Promise<UsedContactRow> {
  const row = await db.contact.create({
    data: { id, account_id: accountId, data: { ...data }, created_at: now, updated_at: now },
  });
  return { ...row, data: contactDataOf(row), used_by: 0 };
}

export async function updateContactData(db: ContactTable, id: string, data: ContactData, now: Date): Promise<void> {
  await db.contact.updateMany({
    where: { id, deleted_at: null },
    data: { data: { ...data }, updated_at: now, missing_since: null },
  });
}

/** False when a domain uses it. */
export async function deleteContact(db: SqlRunner, row: ContactRow, now: Date): Promise<boolean> {
  // Raw SQL: the same statement checks the domains.
  const deleted = await db.$executeRaw(sql`
    UPDATE domains.contact d SET deleted_at = ${now}::timestamptz WHERE d.id = ${row.id} AND d.deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM domains.domain o WHERE o.account_id = d.account_id AND o.ended_at IS NULL
        AND d.id IN (o.registrant_id, o.admin_id, o.tech_id, o.billing_id))`);
  return deleted === 1;
}
