// The records of one name and type, as one thing.
import { z } from 'zod';
import { RECORD_TYPES } from '../dns/record-types';
import { notFound } from '@lumi/shared/contract';
import { recordSchema, viewRecord, type StoredRecord } from './zone-row';

export const setSchema = z
  .object({
    name: z.string().describe('Relative to the zone; `@` is the zone itself.').meta({ example: 'www' }),
    type: z.enum(RECORD_TYPES).describe('The type of its records.'),
    ttl: z.int().describe('Seconds that resolvers may keep the records.'),
    values: z
      .array(z.string())
      .describe('The contents of the records.')
      .meta({ example: ['192.0.2.1'] }),
    records: z.array(recordSchema).describe('The records themselves.'),
  })
  .meta({ id: 'RecordSet' });

/** @throws AppError `not_found` when there is no record */
export function viewSet(records: readonly StoredRecord[]): z.output<typeof setSchema> {
  const [first] = records;
  if (first === undefined) throw notFound();
  const { name, type, ttl } = first;
  return { name, type, ttl, values: records.map(({ content }) => content), records: records.map(viewRecord) };
}
