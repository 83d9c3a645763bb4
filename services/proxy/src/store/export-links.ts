// Links to lists of proxies. The token of a link is a secret; its digest is enough to find the link.
import { createHash, randomBytes } from 'node:crypto';
import { seqBefore, sql, type SqlRunner, type Tx } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import { within } from '@lumi/shared/listing';
import type { PrismaClient } from '../generated/db/client';
import type { ExportLinkModel } from '../generated/db/models';

export type ExportLinkRow = Readonly<ExportLinkModel>;
type LinkTable = Pick<PrismaClient, 'exportLink'>;

export const LINKS_MAX = 100;
/** Of one link, and of all links of an account. */
export const READS_PER_HOUR = 60;
export const ACCOUNT_READS_PER_HOUR = 600;
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

export type NewExportLink = Pick<
  ExportLinkRow,
  | 'id'
  | 'account_id'
  | 'token_digest'
  | 'filter'
  | 'format'
  | 'template'
  | 'protocol'
  | 'blocks'
  | 'key_id'
  | 'lineage_id'
  | 'expires_at'
  | 'created_at'
>;

/** Null: the account has `LINKS_MAX` links already. One that is over counts no longer. */
export async function insertLink(tx: Tx, link: NewExportLink): Promise<ExportLinkRow | null> {
  // Raw SQL: those who make links of one account at the same time count one after the other.
  await tx.$queryRaw(sql`
    SELECT pg_advisory_xact_lock(hashtextextended('export links of ' || ${link.account_id}, 0))::text`);
  // Raw SQL: counted and written in one statement.
  const [row] = await tx.$queryRaw<ExportLinkRow[]>(sql`
    INSERT INTO proxy.export_link (id, account_id, token_digest, filter, format, template, protocol, blocks, key_id,
      lineage_id, expires_at, created_at)
    SELECT ${link.id}, ${link.account_id}, ${link.token_digest}::bytea, ${JSON.stringify(link.filter)}::jsonb,
      ${link.format}, ${link.template}::text, ${link.protocol}::text, ${link.blocks}::text[], ${link.key_id},
      ${link.lineage_id}, ${link.expires_at}::timestamptz, ${link.created_at}::timestamptz
    WHERE (SELECT count(*) FROM proxy.export_link WHERE account_id = ${link.account_id}
      AND expires_at > ${link.created_at}::timestamptz) < ${LINKS_MAX}::int
    RETURNING *`);
  return row ?? null;
}

/** The link as it was; null: the account has no such link. */
export async function deleteLink(tx: Tx, reach: Reach, id: string): Promise<ExportLinkRow | null> {
  // Raw SQL: in the transaction of the audit log's row.
  const [row] = await tx.$queryRaw<ExportLinkRow[]>(sql`
    DELETE FROM proxy.export_link l WHERE id = ${id} AND ${within(reach, 'l')} RETURNING *`);
  return row ?? null;
}

/** One round; true when there may be more. */
export async function forgetLinks(db: SqlRunner, now: Date, limit: number): Promise<boolean> {
  // Raw SQL: a bounded delete that passes over rows that another statement holds.
  const gone = await db.$executeRaw(sql`
    DELETE FROM proxy.export_link WHERE id IN (SELECT id FROM proxy.export_link
      WHERE expires_at < ${now}::timestamptz - platform.kept_for('export link')
      ORDER BY expires_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`);
  return gone === limit;
}

export type LinkRead =
  | { readonly kind: 'read'; readonly link: ExportLinkRow }
  | { readonly kind: 'absent' }
  | { readonly kind: 'too-often'; readonly retryAfterS: number };

/** Counts one read of the link with this token, if it may be read now and from this address. */
export async function readLink(
  { platform, links }: { readonly platform: SqlRunner; readonly links: LinkTable },
  { token, address, now }: { token: string; address: string | null; now: Date },
): Promise<LinkRead> {
  // Raw SQL: a function.
  const [count] = await platform.$queryRaw<{ link_id: string | null; free_at: Date | null }[]>(sql`
    SELECT link_id, free_at FROM proxy.read_export_link(${digestOf(token)}::bytea, ${address}::inet,
      ${now}::timestamptz, ${READS_PER_HOUR}::int, ${ACCOUNT_READS_PER_HOUR}::int)`);
  const freeAt = count?.free_at ?? null;
  if (freeAt !== null)
    return { kind: 'too-often', retryAfterS: Math.max(1, Math.ceil((freeAt.getTime() - now.getTime()) / 1_000)) };
  const id = count?.link_id ?? null;
  const link = id === null ? null : await links.exportLink.findUnique({ where: { id } });
  return link === null ? { kind: 'absent' } : { kind: 'read', link };
}
