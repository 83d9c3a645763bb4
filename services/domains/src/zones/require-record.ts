// Finds the record that a path names, or throws 404.
import { notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { findRecord } from '../store/zone-store';
import { ownZone } from './own-zone';
import type { StoredRecord } from './zone-row';

export async function requireRecord(
  domains: DomainsDeps,
  reach: Reach,
  { zone, id }: { readonly zone: string; readonly id: string },
): Promise<StoredRecord> {
  const record = await findRecord(domains.db, (await ownZone(domains, reach, zone)).seq, id);
  if (record === null) throw notFound();
  return record;
}
