// Finds the zone that a path names, in any spelling, within the caller's reach, or throws 404.
import { z } from 'zod';
import { notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { readName } from '@lumi/shared/names';
import type { DomainsDeps } from '../deps';
import type { Labels } from '../dns/name';
import { findZone } from '../store/zone-store';
import type { ZoneRow } from './zone-row';

export const zoneParams = z.object({
  zone: z
    .string()
    .min(1)
    .max(255)
    .describe('The name of the zone, in Unicode or as A-labels; case does not matter.')
    .meta({ example: 'example.com' }),
});

export const ZONE_ROUTE = { tag: 'Zones', class: 'regular', reach: 'account' } as const;

export const reasonField = z.string().min(1).max(255).optional().describe('Why; kept with the version.');

export async function ownZone(domains: DomainsDeps, reach: Reach, text: string): Promise<ZoneRow> {
  const { value } = readName(text);
  const row = value === undefined ? null : await findZone(domains.db, reach, value.name);
  if (row === null) throw notFound();
  return row;
}

export function labelsOf({ name }: Pick<ZoneRow, 'name'>): Labels {
  return name.split('.');
}
