// Builds the dependencies of the hosting endpoints and loops. No other file constructs them.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import { countedSupplier } from '@lumi/shared/monitoring';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import { describeApi, sharedParts, type Loop, type Service, type SharedParts } from '@lumi/shared/service';
import { serverActions, type Actions } from './actions/actions';
import { VPS_RULES } from './audit-rules';
import type { VpsSettings } from './config';
import type { VpsDeps } from './deps';
import { PrismaClient } from './generated/db/client';
import { GLOSSARY, SAMPLES } from './glossary';
import { applyNextPlansLoop } from './jobs/apply-next-plans';
import { serverLifecycle } from './jobs/lifecycle-source';
import { terminateServersLoop } from './jobs/terminate-servers';
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

export interface WiredVps extends VpsDeps {
  readonly actions: Actions;
  readonly syncs: { readonly servers: SyncOfAll };
  readonly shared: SharedParts;
}

export function wire(service: Service, settings: VpsSettings): WiredVps {
  const db = new PrismaClient(clientOptions(service.db.pool, 'vps'));
  const deps: VpsDeps = {
    service,
    settings,
    db,
    hypervisor: countedSupplier(
      'vps',
      'sandbox',
      new SandboxHypervisor(db, service.clock, {
        createMs: settings.SANDBOX_CREATE_MS,
        actionMs: settings.SANDBOX_ACTION_MS,
      }),
    ),
  };
  const actions = serverActions(deps);
  const syncs = { servers: syncOfAll(serverSyncs(deps)) };
  return {
    ...deps,
    actions,
    syncs,
    shared: sharedParts(service, {
      suppliers: [{ name: 'hypervisor', isSandbox: deps.hypervisor.isSandbox }],
      things: [serverCreate(deps), serverRenew(deps), serverResize(deps), serverNextPeriod()],
      tasks: [...Object.values(actions), ...Object.values(syncs).map(({ kind }) => kind)],
      auditRules: VPS_RULES,
      quotes: { operations: quoteOperations(deps), example: QUOTE_EXAMPLE },
      bulk: [bulkServers(deps), bulkRenewServers(deps)],
      lifecycles: [serverLifecycle(deps, actions)],
      summary: serversSummary,
    }),
  };
}

/** Literal paths come before `/servers/{id}`, because the first match serves. */
export function endpoints(deps: WiredVps): readonly Endpoint[] {
  const { actions } = deps;
  return [
    ...deps.shared.endpoints,
    listLocations(deps),
    listPlans(deps),
    getPlan(deps),
    listImages(deps),
    listSshKeysEndpoint(deps),
    createSshKey(deps),
    getSshKey(deps),
    updateSshKey(deps),
    deleteSshKeyEndpoint(deps),
    createServer(deps),
    bulkActions(deps, actions),
    syncServers(deps, deps.syncs.servers),
    listServers(deps),
    getServer(deps),
    syncServerNow(deps),
    updateServer(deps),
    deleteServer(deps, actions),
    undeleteServer(deps, actions),
    renewServer(deps),
    listUpgrades(deps),
    resizeServer(deps),
    cancelNextPeriod(deps),
    ...actOnServer(deps, actions),
    rebuildServer(deps, actions),
    resetPassword(deps, actions),
    setRdns(deps, actions),
    getSuspension(deps),
    listSnapshots(deps),
    syncSnapshotsNow(deps),
    getSnapshot(deps),
    syncSnapshotNow(deps),
    createSnapshot(deps, actions),
    deleteSnapshot(deps, actions),
    restoreSnapshot(deps, actions),
    suspendServer(deps, actions),
    unsuspendServer(deps, actions),
  ];
}

/** The loops that only this worker has, each with its interval. A round is bounded and may run twice without harm. */
export function loops(deps: WiredVps): readonly Loop[] {
  return [...deps.shared.loops, terminateServersLoop(deps, deps.actions), applyNextPlansLoop(deps, deps.actions)];
}

export const api = describeApi({
  title: 'Lumi Hosting API',
  description: 'Buy and manage virtual servers.',
  glossary: GLOSSARY,
  samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' },
    { name: 'Servers', description: 'Buy, use and renew servers.' },
    { name: 'Snapshots', description: 'Disks of servers as they were at a moment.' },
    { name: 'SSH keys', description: 'Keys that new servers are given.' },
  ],
});
