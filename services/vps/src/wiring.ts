// Builds what the hosting endpoints and loops work with; nothing else constructs.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { JobDefinition } from '@lumi/shared/jobs';
import type { AnyThingSold } from '@lumi/shared/purchase';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import { SHARED_TAGS, sharedParts, type ApiDescription, type Loop, type Service, type SharedParts } from '@lumi/shared/service';
import { serverActions, type Actions } from './actions/actions';
import { VPS_RULES } from './audit-rules';
import { hostingSettings, type HostingSettings } from './config';
import { PrismaClient } from './generated/db/client';
import { GLOSSARY, SAMPLES } from './glossary';
import { applyNextPlans } from './jobs/apply-next-plans';
import { serverLifecycle } from './jobs/lifecycle-source';
import { terminateServers } from './jobs/terminate-servers';
import { actOnServer } from './operations/act-on-server';
import { bulkActions } from './operations/bulk-actions';
import { bulkKinds } from './operations/bulk-kinds';
import { cancelNextPeriod } from './operations/cancel-next-period';
import { createServer } from './operations/create-server';
import { createSnapshot } from './operations/create-snapshot';
import { createSshKey } from './operations/create-ssh-key';
import { deleteServer } from './operations/delete-server';
import { deleteSnapshot } from './operations/delete-snapshot';
import { deleteSshKeyEndpoint } from './operations/delete-ssh-key';
import { getPlan } from './operations/get-plan';
import { getServer } from './operations/get-server';
import { getSnapshot } from './operations/get-snapshot';
import { getSshKey } from './operations/get-ssh-key';
import { getSuspension } from './operations/get-suspension';
import { listImages } from './operations/list-images';
import { listLocations } from './operations/list-locations';
import { listPlans } from './operations/list-plans';
import { listServers } from './operations/list-servers';
import { listSnapshots } from './operations/list-snapshots';
import { listSshKeysEndpoint } from './operations/list-ssh-keys';
import { listUpgrades } from './operations/list-upgrades';
import { QUOTE_EXAMPLE, quoteOperations } from './operations/quotes';
import { rebuildServer } from './operations/rebuild-server';
import { renewServer } from './operations/renew-server';
import { resetPassword } from './operations/reset-password';
import { resizeServer } from './operations/resize-server';
import { restoreSnapshot } from './operations/restore-snapshot';
import { setRdns } from './operations/set-rdns';
import { serversSummary } from './operations/summary';
import { suspendServer } from './operations/suspend-server';
import { syncServerNow } from './operations/sync-server';
import { syncServers } from './operations/sync-servers';
import { syncSnapshotNow } from './operations/sync-snapshot';
import { syncSnapshotsNow } from './operations/sync-snapshots';
import { undeleteServer } from './operations/undelete-server';
import { unsuspendServer } from './operations/unsuspend-server';
import { updateServer } from './operations/update-server';
import { updateSshKey } from './operations/update-ssh-key';
import { serverCreate } from './purchases/server-create';
import { serverNextPeriod } from './purchases/server-next-period';
import { serverRenew } from './purchases/server-renew';
import { serverResize } from './purchases/server-resize';
import { serverSyncs } from './servers/sync-server';
import { SandboxHypervisor } from './supplier/sandbox/sandbox-hypervisor';
import type { Vps } from './vps';

export interface WiredVps extends Vps {
  readonly actions: Actions;
  readonly shared: SharedParts;
  readonly sync: SyncOfAll;
}

export function wire(service: Service, hosting: HostingSettings = hostingSettings.parse({})): WiredVps {
  const vps: Vps = {
    service, hosting,
    db: new PrismaClient(clientOptions(service.db.pool, 'vps')),
    hypervisor: new SandboxHypervisor(service.db.platform, service.clock, { createMs: hosting.SANDBOX_CREATE_MS, actionMs: hosting.SANDBOX_ACTION_MS }),
  };
  const actions = serverActions(vps);
  const sync = syncOfAll(serverSyncs(vps));
  return {
    ...vps, actions, sync,
    shared: sharedParts(service, {
      suppliers: [{ name: 'hypervisor', isSandbox: vps.hypervisor.isSandbox }], things: thingsSold(vps), tasks: [...Object.values(actions), sync.kind], auditRules: VPS_RULES,
      quotes: { operations: quoteOperations(vps), example: QUOTE_EXAMPLE }, bulk: bulkKinds(vps), lifecycles: [serverLifecycle(vps, actions)], summary: serversSummary,
    }),
  };
}

function thingsSold(vps: Vps): readonly AnyThingSold[] {
  return [serverCreate(vps), serverRenew(vps), serverResize(vps), serverNextPeriod()];
}

/** Literal paths stand before `/servers/{id}`: the first that matches serves. */
export function endpoints(vps: WiredVps): readonly Endpoint[] {
  const { actions } = vps;
  return [
    ...vps.shared.endpoints,
    listLocations(vps), listPlans(vps), getPlan(vps), listImages(vps),
    listSshKeysEndpoint(vps), createSshKey(vps), getSshKey(vps), updateSshKey(vps), deleteSshKeyEndpoint(vps),
    createServer(vps), bulkActions(vps, actions), syncServers(vps, vps.sync), listServers(vps), getServer(vps), syncServerNow(vps), updateServer(vps), deleteServer(vps, actions), undeleteServer(vps, actions),
    renewServer(vps), listUpgrades(vps), resizeServer(vps), cancelNextPeriod(vps),
    ...actOnServer(vps, actions), rebuildServer(vps, actions), resetPassword(vps, actions), setRdns(vps, actions), getSuspension(vps),
    listSnapshots(vps), syncSnapshotsNow(vps), getSnapshot(vps), syncSnapshotNow(vps),
    createSnapshot(vps, actions), deleteSnapshot(vps, actions), restoreSnapshot(vps, actions),
    suspendServer(vps, actions), unsuspendServer(vps, actions),
  ];
}

export function loops(vps: WiredVps): readonly Loop[] {
  return [...vps.shared.loops, { name: 'terminate-servers', everyMs: 5_000, run: () => terminateServers(vps, vps.actions) }, { name: 'apply-next-plans', everyMs: 5_000, run: () => applyNextPlans(vps, vps.actions) }];
}

/** What the queue wakes the worker for. */
export function jobs(vps: WiredVps): readonly JobDefinition[] {
  return vps.shared.jobs;
}

export const api: ApiDescription = {
  title: 'Lumi Hosting API',
  version: '1.0.0',
  description: 'Buy and manage virtual servers.',
  glossary: GLOSSARY, samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' },
    { name: 'Servers', description: 'Buy, use and renew servers.' },
    { name: 'Snapshots', description: 'Disks of servers as they were at a moment.' },
    { name: 'SSH keys', description: 'Keys that new servers are given.' },
    ...SHARED_TAGS,
  ],
};
