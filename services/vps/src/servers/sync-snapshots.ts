// Reads which snapshots the supplier has of a machine and stores that: when a caller requests it, and when the supplier
// contradicted us.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { eventsOfSync, orUnknown, untilWritten, type Synced } from '@lumi/shared/sync';
import { findServerVersion, type Server } from '../store/servers';
import { readySnapshots, type Snapshot } from '../store/snapshots';
import { writeSnapshotVersions } from '../store/sync-store';
import type { SnapshotsReading } from '../supplier/hypervisor';
import type { VpsDeps } from '../deps';
import { viewSnapshot } from './snapshot-view';

/**
 * `except`: the operation that causes this sync and holds the server's lock. A machine that does not exist has no
 * snapshots.
 */
export async function syncSnapshots(
  vps: VpsDeps,
  reach: Reach,
  serverId: string,
  except: string | null = null,
): Promise<Synced<Server>> {
  const {
    db: { platform },
    clock,
    log,
  } = vps.service;
  return untilWritten(async () => {
    const server = (await findServerVersion(platform, reach, serverId))?.server;
    if (server === undefined) return { kind: 'gone' };
    if (server.busy !== null && server.busy.operationId !== except)
      return { kind: 'busy', operationId: server.busy.operationId };
    const before = await readySnapshots(platform, serverId);
    const answer = await orUnknown<SnapshotsReading>((signal) => vps.hypervisor.readSnapshots(server.machine, signal));
    if (answer.kind === 'unknown') return { kind: 'unknown', cause: answer.cause };
    const now = clock.now();
    const sizes = new Map(answer.kind === 'absent' ? [] : answer.snapshots.map(({ id, sizeGb }) => [id, sizeGb]));
    const lost = before.filter(({ snapshot }) => !sizes.has(snapshot.id) && snapshot.missingSince === null);
    if (lost.length > 0)
      log.error('the supplier does not have snapshots of a machine', {
        server_id: serverId,
        account_id: server.accountId,
        snapshots: lost.map(({ snapshot }) => snapshot.id),
        alert: true,
      });
    const events = before.flatMap(({ snapshot }) => eventsOf(snapshot, sizes.get(snapshot.id) ?? null, now));
    const found = before.map(({ snapshot, version }) => ({
      id: snapshot.id,
      version,
      sizeGb: sizes.get(snapshot.id) ?? null,
    }));
    if (!(await writeSnapshotVersions(platform, serverId, found, { except, now, events }))) return null;
    return { kind: lost.length > 0 ? 'missing' : events.length > 0 ? 'changed' : 'same', row: server };
  });
}

/** The message for a caller whose action on this snapshot was refused. */
export async function truthOfSnapshot(
  vps: VpsDeps,
  about: { readonly accountId: string; readonly serverId: string; readonly operationId: string },
  snapshotId: string,
): Promise<ErrorDetail[]> {
  await syncSnapshots(vps, { kind: 'account', accountId: about.accountId }, about.serverId, about.operationId);
  const snapshot = (await readySnapshots(vps.service.db.platform, about.serverId)).find(
    (one) => one.snapshot.id === snapshotId,
  )?.snapshot;
  return snapshot?.missingSince == null
    ? []
    : [{ path: 'snapshot.missing_since', message: isoSeconds(snapshot.missingSince) }];
}

function eventsOf(snapshot: Snapshot, sizeGb: number | null, now: Date): EventDraft[] {
  const about = {
    noun: 'snapshot' as const,
    subject: snapshot.id,
    data: { snapshot_id: snapshot.id, server_id: snapshot.serverId },
  };
  const after = sizeGb === null ? null : viewSnapshot({ ...snapshot, sizeGb, missingSince: null });
  return eventsOfSync(about, viewSnapshot(snapshot), after, ['size_gb', 'missing_since'], now);
}
