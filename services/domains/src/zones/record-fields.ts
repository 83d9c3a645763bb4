// The fields of records in requests, and a name of a path in the form in which records have it.
import { z } from 'zod';
import { RecordFault } from '../dns/fault';
import { isWithin, readLabels, writeRelative } from '../dns/name';
import { labelsOf } from './own-zone';
import type { ZoneRow } from './zone-row';

export const CONTENT_MAX = 32_768;

const name = z
  .string()
  .min(1)
  .max(1024)
  .describe('Relative to the zone, `@` for the zone itself, or absolute with a dot at its end.')
  .meta({ example: 'www' });
const type = z.string().min(1).max(16).describe('The type of the record.').meta({ example: 'A' });
const content = z
  .string()
  .min(1)
  .max(CONTENT_MAX)
  .describe('Presentation format (RFC 1035); text of TXT in quotes, longer than 255 bytes is split.')
  .meta({ example: '192.0.2.1' });
export const ttl = z
  .int()
  .describe('Seconds, 60 to 604800. It becomes the TTL of all records of this name and type.')
  .meta({ example: 300 });
const comment = z.string().max(255).nullable().describe('A note of yours, which is not published.');
const disabled = z.boolean().describe('Whether the record is kept without being published.');

export const recordInput = z.object({
  name,
  type,
  content,
  ttl: ttl.optional(),
  comment: comment.optional(),
  disabled: disabled.optional(),
});

export const recordPatch = z.object({
  name: name.optional(),
  content: content.optional(),
  ttl: ttl.optional(),
  comment: comment.optional(),
  disabled: disabled.optional(),
});

export const values = z
  .array(content)
  .max(1_000)
  .describe('The contents of all records of this name and type.')
  .meta({ example: ['192.0.2.1', '192.0.2.2'] });

export const setInput = z.object({ name, type, ttl: ttl.optional(), values });

/** Null: it is no name in this zone. */
export function readPlace(zone: Pick<ZoneRow, 'name'>, text: string): { readonly name: string | null } {
  try {
    const labels = readLabels(text, labelsOf(zone));
    return { name: isWithin(labels, labelsOf(zone)) ? writeRelative(labels, labelsOf(zone)) : null };
  } catch (err) {
    if (err instanceof RecordFault) return { name: null };
    throw err;
  }
}
