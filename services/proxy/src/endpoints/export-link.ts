// Shared by the endpoints of export links.
import { z } from 'zod';
import type { Act } from '@lumi/shared/audit-log';
import { isoSeconds } from '@lumi/shared/runtime';
import { LINE_FORMATS } from '../access/lines';
import type { ExportLinkRow } from '../store/export-links';

export const EXPORT_LINK_ROUTE = { tag: 'Proxies', class: 'regular', reach: 'account' } as const;

/** The reader of a link needs no key, so a read is smaller than an export. */
export const LINK_PROXIES_MAX = 1_000;

export const exportLinkSchema = z
  .object({
    id: z.string().meta({ example: 'xpl_01k000000000000000000000' }),
    url: z.string().nullable().describe('The link, in the answer that makes it only: it is a secret.'),
    key_id: z
      .string()
      .nullable()
      .describe('The key that made it. Once that key is revoked or expired the link is `404`; rolling it keeps it.')
      .meta({ example: 'key_01k000000000000000000000' }),
    filter: z.record(z.string(), z.string()).describe('The filters of the list.'),
    format: z.enum(LINE_FORMATS),
    template: z.string().nullable(),
    protocol: z.enum(['http', 'socks5']).nullable(),
    ip_lock: z
      .array(z.string())
      .describe('Addresses and blocks that may read it; empty: every address.')
      .meta({ example: ['203.0.113.0/24'] }),
    expires_at: z.string(),
    reads: z.number().int().describe('How often it was read.'),
    last_read_at: z.string().nullable().describe('When it was last read; null: never.'),
    last_read_ip: z.string().nullable().describe('The address that read it last.'),
    created_at: z.string(),
  })
  .meta({ id: 'ExportLink' });

export function viewExportLink(row: ExportLinkRow, url: string | null = null): z.output<typeof exportLinkSchema> {
  return {
    id: row.id,
    url,
    key_id: row.key_id,
    filter: row.filter as Record<string, string>, // written by create-export-link, which takes texts only
    format: row.format as (typeof LINE_FORMATS)[number],
    template: row.template,
    protocol: row.protocol as 'http' | 'socks5' | null,
    ip_lock: row.blocks,
    expires_at: isoSeconds(row.expires_at),
    reads: Number(row.reads),
    last_read_at: row.last_read_at === null ? null : isoSeconds(row.last_read_at),
    last_read_ip: row.last_read_ip,
    created_at: isoSeconds(row.created_at),
  };
}

/** For the audit log: what the link gives and to whom, not its URL. */
export function exportLinkAct(what: 'create' | 'delete', row: ExportLinkRow): Act {
  const { id, account_id, filter, format, blocks, key_id, expires_at } = row;
  const facts = { filter, format, ip_lock: blocks, key_id, expires_at: isoSeconds(expires_at) };
  return {
    action: `export_link.${what}`,
    subject: id,
    accountId: account_id,
    before: what === 'delete' ? facts : null,
    after: what === 'create' ? facts : null,
  };
}
