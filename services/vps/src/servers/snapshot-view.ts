// A snapshot on the wire.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import type { Snapshot } from '../store/snapshots';

export const snapshotSchema = z
  .object({
    id: z.string().meta({ example: 'snp_01k000000000000000000000' }),
    server_id: z.string(),
    name: z.string(),
    size_gb: z.int(),
    state: z.enum(['creating', 'ready', 'deleting']),
    created_at: z.string(),
    synced_at: z.string().nullable().describe('When it was last asked for where it lies, by `POST …/sync`.'),
    missing_since: z
      .string()
      .nullable()
      .describe(
        'Since when it is not there any more. It can be deleted and not restored until that is cleared up; ' +
          'null: all is well.',
      ),
  })
  .meta({ id: 'Snapshot' });

export const MISSING_SNAPSHOT_TEXT =
  'The snapshot is not there any more; it cannot be restored until that is cleared up.';

export function viewSnapshot(snapshot: Snapshot): z.output<typeof snapshotSchema> {
  return {
    id: snapshot.id,
    server_id: snapshot.serverId,
    name: snapshot.name,
    size_gb: snapshot.sizeGb,
    state: snapshot.state as 'creating' | 'ready' | 'deleting', // the store returns no other states
    created_at: isoSeconds(snapshot.createdAt),
    synced_at: snapshot.syncedAt === null ? null : isoSeconds(snapshot.syncedAt),
    missing_since: snapshot.missingSince === null ? null : isoSeconds(snapshot.missingSince),
  };
}
