// Shared by the endpoints of export links.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import { LINE_FORMATS } from '../access/lines';
import type { ExportLinkRow } from '../store/export-links';

export const EXPORT_LINK_ROUTE = { tag: 'Proxies', class: 'regular', reach: 'account' } as const;

export const exportLinkSchema = z
  .object({
    id: z.string().meta({ example: 'xpl_01k000000000000000000000' }),
    url: z.string().nullable().describe('The link, in the answer that makes it only: it is a secret.'),
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
