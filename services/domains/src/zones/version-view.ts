// The versions of a zone as callers see them.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import type { VersionKind, VersionRow } from '../store/zone-store';

const KINDS = ['create', 'change', 'import', 'restore'] as const satisfies readonly VersionKind[];

export const versionSchema = z
  .object({
    id: z.string().meta({ example: 'ver_01k000000000000000000000' }),
    serial: z.int().describe('The serial of the zone after this change.').meta({ example: 1_795_000_001 }),
    kind: z.enum(KINDS).describe('What made it.'),
    reason: z.string().nullable().describe('What the caller gave as its reason.'),
    key_id: z.string().describe('The key that made it.').meta({ example: 'key_01k000000000000000000000' }),
    records: z.int().describe('How many records the zone had then.'),
    added: z.int().describe('How many records came, or came in another form.'),
    removed: z.int().describe('How many records went, or went in their former form.'),
    created_at: z.string(),
  })
  .meta({ id: 'ZoneSnapshot' });

export function viewVersion(row: VersionRow): z.output<typeof versionSchema> {
  return {
    id: row.id,
    serial: Number(row.serial),
    kind: row.kind as VersionKind, // written by the store alone
    reason: row.reason,
    key_id: row.key_id,
    records: row.records,
    added: row.added.length,
    removed: row.removed.length,
    created_at: isoSeconds(row.created_at),
  };
}
