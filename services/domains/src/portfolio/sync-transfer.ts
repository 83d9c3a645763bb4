// Asks the registrar now how a transfer stands, before recovery's next look-up. The answer is concluded as recovery
// would.
import type { Reach } from '@lumi/shared/endpoint';
import { concludeOrder, type JsonObject, type LookUp, type Order } from '@lumi/shared/purchase';
import { orUnknown, type Synced, type SyncSource } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { transferInThing } from '../purchases/transfer-in';
import { nextTransfers } from '../store/sync-store';
import { findTransfer } from '../store/transfer-store';

/** Throws 404. */
export async function syncTransfer(domains: DomainsDeps, reach: Reach, id: string): Promise<Synced<Order<JsonObject>>> {
  const { service, catalogue } = domains;
  await catalogue.ready();
  const { platform } = service.db;
  const transfer = transferInThing(domains);
  const before = await findTransfer(platform, reach, id);
  if (before.settledAt !== null) return { kind: 'same', row: before };
  const found = await orUnknown<LookUp<JsonObject>>((signal) => transfer.lookUp(before, signal));
  if (found.kind === 'unknown') return { kind: 'unknown', cause: found.cause };
  // The registrar never saw it. Only recovery may send it again, because only recovery knows that no first try is still
  // running.
  if (found.kind === 'absent') return { kind: 'same', row: before };
  // The attempt number prevents this and recovery from both writing an end.
  await concludeOrder(service.purchases, transfer, before, found);
  const after = await findTransfer(platform, reach, id);
  return { kind: after.state === before.state ? 'same' : 'changed', row: after };
}

export function transferSyncs(domains: DomainsDeps): SyncSource {
  return {
    product: 'domains',
    noun: 'transfer',
    next: (from) => nextTransfers(domains.service.db.platform, from),
    sync: (reach, id) => syncTransfer(domains, reach, id),
  };
}
