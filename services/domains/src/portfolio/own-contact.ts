// Finds the contact that a path names, or throws 404.
import { z } from 'zod';
import { notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { findContact, type UsedContactRow } from '../store/contact-store';

export const contactParams = z.object({
  id: z.string().min(1).max(64).meta({ example: 'con_01k000000000000000000000' }),
});

export async function ownContact(domains: DomainsDeps, reach: Reach, id: string): Promise<UsedContactRow> {
  const row = await findContact(domains.service.db.platform, reach, id);
  if (row === null) throw notFound();
  return row;
}
