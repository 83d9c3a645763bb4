// Finds the domain that a path names, in any spelling, within the caller's reach, or throws 404.
import { z } from 'zod';
import { notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { Tld } from '../catalogue/catalogue';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { findDomain } from '../store/domain-store';
import type { DomainRow } from './domain-row';

export const domainParams = z.object({
  domain: z
    .string()
    .min(1)
    .max(255)
    .describe('The name, in Unicode or as A-labels; case does not matter.')
    .meta({ example: 'example.com' }),
});

export async function ownDomain(
  domains: DomainsDeps,
  reach: Reach,
  text: string,
): Promise<{ readonly row: DomainRow; readonly tld: Tld }> {
  await domains.catalogue.ready();
  const reading = readDomainName(text, domains.catalogue);
  const row = reading.kind === 'name' ? await findDomain(domains.db, reach, reading.name) : null;
  if (row === null) throw notFound();
  return { row, tld: domains.catalogue.get(row.tld) };
}
