// Builds the dependencies of the hosting endpoints and loops. No other file constructs them.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { JobDefinition } from '@lumi/shared/jobs';
import type { AnyThingSold } from '@lumi/shared/purchase';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import {
  SHARED_TAGS,
  sharedParts,
  type ApiDescription,
  type Loop,
  type Service,
  type SharedParts,
} from '@lumi/shared/service';
import { serverActions, type Actions } from './actions/actions';
import { VPS_RULES } from './audit-rules';
import { hostingSettings, type HostingSettings } from './config';
import { PrismaClient } from './generated/db/client';
import { GLOSSARY, SAMPLES } from './glossary';
import { applyNextPlans } from './jobs/apply-next-plans';
import { serverLifecycle } from './jobs/lifecycle-source';
import { terminateServers } from './jobs/terminate-servers';
import { actOnServer } from './endpoints/act-on-server';
import { bulkActions } from './endpoints/bulk-actions';
import { bulkRenewServers } from './endpoints/bulk-renew-servers';
import { bulkServers } from './endpoints/bulk-servers';
import { cancelNextPeriod } from './endpoints/cancel-next-period';
import { createServer } from './endpoints/create-server';
import { createSnapshot } from './endpoints/create-snapshot';
import { createSshKey } from './endpoints/create-ssh-key';
import { deleteServer } from './endpoints/delete-server';
import { deleteSnapshot } from './endpoints/delete-snapshot';
import { deleteSshKeyEndpoint } from './endpoints/delete-ssh-key';
import { getPlan } from './endpoints/get-plan';
import { getServer } from './endpoints/get-server';
import { getSnapshot } from './endpoints/get-snapshot';
import { getSshKey } from './endpoints/get-ssh-key';
import { getSuspension } from './endpoints/get-suspension';
import { listImages } from './endpoints/list-images';
import { listLocations } from './endpoints/list-locations';
import { listPlans } from './endpoints/list-plans';
import { listServers } from './endpoints/list-servers';
import { listSnapshots } from './endpoints/list-snapshots';
import { listSshKeysEndpoint } from './endpoints/list-ssh-keys';
import { listUpgrades } from './endpoints/list-upgrades';
import { QUOTE_EXAMPLE, quoteOperations } from './endpoints/quotes';
import { rebuildServer } from './endpoints/rebuild-server';
import { renewServer } from './endpoints/renew-server';
import { resetPassword } from './endpoints/reset-password';
import { resizeServer } from './endpoints/resize-server';
import { restoreSnapshot } from './endpoints/restore-snapshot';
import { setRdns } from './endpoints/set-rdns';
import { serversSummary } from './endpoints/summary';
import { suspendServer } from './endpoints/suspend-server';
import { syncServerNow } from './endpoints/sync-server';
import { syncServers } from './endpoints/sync-servers';
import { syncSnapshotNow } from './endpoints/sync-snapshot';
import { syncSnapshotsNow } from './endpoints/sync-snapshots';
import { undeleteServer } from './endpoints/undelete-server';
import { unsuspendServer } from './endpoints/unsuspend-server';
import { updateServer } from './endpoints/update-server';
import { updateSshKey } from './endpoints/update-ssh-key';
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
    service,
    hosting,
    db: new PrismaClient(clientOptions(service.db.pool, 'vps')),
    hypervisor: new SandboxHypervisor(service.db.platform, service.clock, {
      createMs: hosting.SANDBOX_CREATE_MS,
      actionMs: hosting.SANDBOX_ACTION_MS,
    }),
  };
  const actions = serverActions(vps);
  const sync = syncOfAll(serverSyncs(vps));
  return {
    ...vps,
    actions,
    sync,
    shared: sharedParts(service, {
      suppliers: [{ name: 'hypervisor', isSandbox: vps.hypervisor.isSandbox }],
      things: thingsSold(vps),
      tasks: [...Object.values(actions), sync.kind],
      auditRules: VPS_RULES,
      quotes: { operations: quoteOperations(vps), example: QUOTE_EXAMPLE },
      bulk: [bulkServers(vps), bulkRenewServers(vps)],
      lifecycles: [serverLifecycle(vps, actions)],
      summary: serversSummary,
    }),
  };
}

function thingsSold(vps: Vps): readonly AnyThingSold[] {
  return [serverCreate(vps), serverRenew(vps), serverResize(vps), serverNextPeriod()];
}

/** Literal paths come before `/servers/{id}`, because the first match serves. */
export function endpoints(vps: WiredVps): readonly Endpoint[] {
  const { actions } = vps;
  return [
    ...vps.shared.endpoints,
    listLocations(vps),
    listPlans(vps),
    getPlan(vps),
    listImages(vps),
    listSshKeysEndpoint(vps),
    createSshKey(vps),
    getSshKey(vps),
    updateSshKey(vps),
    deleteSshKeyEndpoint(vps),
    createServer(vps),
    bulkActions(vps, actions),
    syncServers(vps, vps.sync),
    listServers(vps),
    getServer(vps),
    syncServerNow(vps),
    updateServer(vps),
    deleteServer(vps, actions),
    undeleteServer(vps, actions),
    renewServer(vps),
    listUpgrades(vps),
    resizeServer(vps),
    cancelNextPeriod(vps),
    ...actOnServer(vps, actions),
    rebuildServer(vps, actions),
    resetPassword(vps, actions),
    setRdns(vps, actions),
    getSuspension(vps),
    listSnapshots(vps),
    syncSnapshotsNow(vps),
    getSnapshot(vps),
    syncSnapshotNow(vps),
    createSnapshot(vps, actions),
    deleteSnapshot(vps, actions),
    restoreSnapshot(vps, actions),
    suspendServer(vps, actions),
    unsuspendServer(vps, actions),
  ];
}

export function loops(vps: WiredVps): readonly Loop[] {
  return [
    ...vps.shared.loops,
    { name: 'terminate-servers', everyMs: 5_000, run: () => terminateServers(vps, vps.actions) },
    { name: 'apply-next-plans', everyMs: 5_000, run: () => applyNextPlans(vps, vps.actions) },
  ];
}

/** The jobs that the queue wakes the worker for. */
export function jobs(vps: WiredVps): readonly JobDefinition[] {
  return vps.shared.jobs;
}

export const api: ApiDescription = {
  title: 'Lumi Hosting API',
  version: '1.0.0',
  description: 'Buy and manage virtual servers.',
  glossary: GLOSSARY,
  samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' },
    { name: 'Servers', description: 'Buy, use and renew servers.' },
    { name: 'Snapshots', description: 'Disks of servers as they were at a moment.' },
    { name: 'SSH keys', description: 'Keys that new servers are given.' },
    ...SHARED_TAGS,
  ],
};
