// Links to lists of proxies. The token of a link is a secret; its digest is enough to find the link.
import { createHash, randomBytes } from 'node:crypto';
import { seqBefore, sql, type SqlRunner } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import { HOUR_MS } from '@lumi/shared/times';
import type { PrismaClient } from '../generated/db/client';
import type { ExportLinkModel } from '../generated/db/models';

export type ExportLinkRow = Readonly<ExportLinkModel>;
type LinkTable = Pick<PrismaClient, 'exportLink'>;

export const READS_PER_HOUR = 60;
const TOKEN_BYTES = 32;
/** Of a token of so many bytes, in base64url. */
export const TOKEN_PATTERN = /^[\w-]{43}$/;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

export function digestOf(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(token).digest());
}

export async function listLinks(
  db: LinkTable,
  reach: Reach,
  page: { limit: number; beforeSeq: string | null },
): Promise<ExportLinkRow[]> {
  return db.exportLink.findMany({
    where: { ...ownedBy(reach), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

/** Removes the account's links that are over, and returns how many are left. */
export async function countLinks(db: LinkTable, accountId: string, now: Date): Promise<number> {
  await db.exportLink.deleteMany({ where: { account_id: accountId, expires_at: { lte: now } } });
  return db.exportLink.count({ where: { account_id: accountId } });
}

/** False: the account has no such link. */
export async function deleteLink(db: LinkTable, reach: Reach, id: string): Promise<boolean> {
  const { count } = await db.exportLink.deleteMany({ where: { id, ...ownedBy(reach) } });
  return count === 1;
}

export type LinkRead =
  | { readonly kind: 'read'; readonly link: ExportLinkRow }
  | { readonly kind: 'absent' }
  | { readonly kind: 'too-often'; readonly retryAfterS: number };

/** Counts one read of the link with this token, if it may be read now and from this address. */
export async function readLink(
  db: SqlRunner,
  { token, address, now }: { token: string; address: string | null; now: Date },
): Promise<LinkRead> {
  const hourAgo = new Date(now.getTime() - HOUR_MS);
  const isRight = sql`token_digest = ${digestOf(token)} AND expires_at > ${now}::timestamptz
    AND (cardinality(blocks) = 0 OR ${address}::inet <<= ANY (blocks::inet[]))`;
  // Raw SQL: the hour is judged and counted in one statement, so that readers at the same time do not pass it together.
  const [link] = await db.$queryRaw<ExportLinkRow[]>(sql`
    UPDATE proxy.export_link SET reads = reads + 1, last_read_at = ${now}, last_read_ip = ${address}::text,
      hour_reads = CASE WHEN hour_from > ${hourAgo}::timestamptz THEN hour_reads + 1 ELSE 1 END,
      hour_from = CASE WHEN hour_from > ${hourAgo}::timestamptz THEN hour_from ELSE ${now}::timestamptz END
    WHERE ${isRight} AND (hour_from IS NULL OR hour_from <= ${hourAgo}::timestamptz
      OR hour_reads < ${READS_PER_HOUR}::int)
    RETURNING *`);
  if (link !== undefined) return { kind: 'read', link };
  // Raw SQL: addresses are compared as addresses.
  const [full] = await db.$queryRaw<{ hour_from: Date }[]>(
    sql`SELECT hour_from FROM proxy.export_link WHERE ${isRight} AND hour_from IS NOT NULL`,
  );
  if (full === undefined) return { kind: 'absent' };
  const leftMs = full.hour_from.getTime() + HOUR_MS - now.getTime();
  return { kind: 'too-often', retryAfterS: Math.max(1, Math.ceil(leftMs / 1_000)) };
}
