// Reads a machine at the supplier and stores it: when a caller requests it, and when the supplier contradicted us.
import type { ErrorDetail } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import type { EventDraft, LookUp } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { eventsOfSync, orUnknown, untilWritten, withTruth, type Synced, type SyncSource } from '@lumi/shared/sync';
import { findServer, findServerVersion, type Server } from '../store/servers';
import { nextServers, writeVersion } from '../store/sync-store';
import type { Machine, MachineReading } from '../supplier/hypervisor';
import type { VpsDeps } from '../deps';
import { viewServer, type ServerView } from './server-view';

const TOLD: readonly (keyof ServerView & string)[] = ['power', 'ips', 'gateway', 'missing_since'];

/** `except`: the operation that causes this sync and holds the server's lock. */
export async function syncServer(
  vps: VpsDeps,
  reach: Reach,
  id: string,
  except: string | null = null,
): Promise<Synced<Server>> {
  const {
    db: { platform },
    clock,
    log,
  } = vps.service;
  return untilWritten(async () => {
    const before = await findServerVersion(platform, reach, id);
    if (before === null) return { kind: 'gone' };
    const { server } = before;
    if (server.busy !== null && server.busy.operationId !== except)
      return { kind: 'busy', operationId: server.busy.operationId };
    if (server.lifecycle === 'terminated' || server.lifecycle === 'failed') return { kind: 'same', row: server };
    const answer = await orUnknown<MachineReading>((signal) => vps.hypervisor.read(server.machine, signal));
    if (answer.kind === 'unknown') return { kind: 'unknown', cause: answer.cause };
    const now = clock.now();
    const machine = answer.kind === 'absent' ? null : answer.machine;
    if (machine === null && server.missingSince === null)
      log.error('the supplier does not know the machine of a server', {
        server_id: id,
        account_id: server.accountId,
        alert: true,
      });
    const events = eventsOf(server, machine, now);
    if (!(await writeVersion(platform, { id, version: before.version }, machine, { except, now, events }))) return null;
    const row = await findServer(platform, reach, id);
    if (row === null) return { kind: 'gone' };
    return { kind: machine === null ? 'missing' : events.length > 0 ? 'changed' : 'same', row };
  });
}

/**
 * Passes the outcome of a command on. When the supplier refused because its data of the machine differ from ours, they
 * are read and shown to the caller.
 */
export function withServerTruth<O extends LookUp<object>>(
  vps: VpsDeps,
  about: ServerAbout,
  outcome: O,
  more: () => Promise<ErrorDetail[]> = () => Promise.resolve([]),
): Promise<O> {
  return withTruth(outcome, async () => {
    const synced = await syncServer(
      vps,
      { kind: 'account', accountId: about.accountId },
      about.serverId,
      about.operationId,
    );
    return [...('row' in synced ? truthOf(synced.row) : []), ...(await more())];
  });
}

export interface ServerAbout {
  readonly accountId: string;
  readonly serverId: string;
  readonly operationId: string;
}

/** What a caller needs to try again. */
function truthOf({ missingSince, power, addresses }: Server): ErrorDetail[] {
  if (missingSince !== null) return [{ path: 'missing_since', message: isoSeconds(missingSince) }];
  return [
    { path: 'power', message: power },
    ...addresses.map(({ ip }, i) => ({ path: `ips.${String(i)}.ip`, message: ip })),
  ];
}

export function serverSyncs(vps: VpsDeps): SyncSource {
  return {
    product: 'vps',
    noun: 'server',
    next: (from) => nextServers(vps.db, from),
    sync: (reach, id) => syncServer(vps, reach, id),
  };
}

function eventsOf(server: Server, machine: Machine | null, now: Date): EventDraft[] {
  const about = {
    noun: 'server' as const,
    subject: server.id,
    data: { server_id: server.id, hostname: server.hostname, reference: server.reference },
  };
  const before = viewServer(server);
  if (machine === null) return eventsOfSync(about, before, null, TOLD, now);
  const after: Server = {
    ...server,
    power: machine.power,
    gateway: machine.gateway,
    addresses: inOrder(machine),
    missingSince: null,
  };
  return eventsOfSync(about, before, viewServer(after), TOLD, now);
}

/** In the order of the row: IPv4 first. */
function inOrder({ addresses }: Machine): Machine['addresses'] {
  return [...addresses].sort((a, b) => a.version - b.version);
}
