// Shared by the endpoints of snapshots: the common part of their routes, and finding a snapshot.
import { z } from 'zod';
import { isId, notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { findSnapshot, type Snapshot } from '../store/snapshots';
import type { Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';

export const snapshotParams = serverParams.extend({
  snapshot_id: z
    .string()
    .refine((id) => isId(id, 'snp'))
    .describe('The id of the snapshot.'),
});
export const SNAPSHOT_ROUTE = { tag: 'Snapshots', class: 'regular', reach: 'account' } as const;

export const SNAPSHOT_ERRORS = ['busy', 'state_conflict', 'suspended'] as const;

export async function requireSnapshot(
  vps: VpsDeps,
  reach: Reach,
  ids: { readonly id: string; readonly snapshot_id: string },
): Promise<{ server: Server; snapshot: Snapshot }> {
  const server = await requireServer(vps, reach, ids.id);
  const snapshot = await findSnapshot(vps.db, server.id, ids.snapshot_id);
  if (snapshot === null) throw notFound();
  return { server, snapshot };
}
