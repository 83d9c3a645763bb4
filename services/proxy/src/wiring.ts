// Builds the dependencies of the proxy endpoints and loops. No other file constructs them.
import { clientOptions } from '@lumi/shared/db';
import type { Endpoint, InternalRoute } from '@lumi/shared/endpoint';
import { syncOfAll, type SyncOfAll } from '@lumi/shared/sync';
import { describeApi, sharedParts, type Loop, type Service, type SharedParts } from '@lumi/shared/service';
import { PROXY_RULES } from './audit-rules';
import { PRODUCTS } from './catalogue/products';
import { checksOf } from './checks/proxy-checks';
import type { ProxySettings } from './config';
import type { ProxyDeps } from './deps';
import { PrismaClient } from './generated/db/client';
import { GLOSSARY, SAMPLES } from './glossary';
import { careForNodes } from './jobs/care-for-nodes';
import { checkHealthLoop } from './jobs/check-health';
import { collectUsage } from './jobs/collect-usage';
import { followExits } from './jobs/follow-exits';
import { forgetOldLinks } from './jobs/forget-links';
import { forgetOldReports } from './jobs/forget-reports';
import { forgetOldUsage } from './jobs/forget-usage';
import { proxyLifecycle, trafficLifecycle } from './jobs/lifecycle-source';
import { pushAccess } from './jobs/push-access';
import { rotateByInterval } from './jobs/rotate-by-interval';
import { withdrawEndedLoop } from './jobs/withdraw-ended';
import { addToAllowlist } from './endpoints/add-to-allowlist';
import { addToProxyAllowlist } from './endpoints/add-to-proxy-allowlist';
import { allocateToSubuser } from './endpoints/allocate-to-subuser';
import { bulkOrderProxies } from './endpoints/bulk-order-proxies';
import { bulkRenewProxies } from './endpoints/bulk-renew-proxies';
import { bulkUpdateProxies } from './endpoints/bulk-update-proxies';
import { buyTrafficPlan } from './endpoints/buy-traffic-plan';
import { checkProxies } from './endpoints/check-proxies';
import { createExportLink } from './endpoints/create-export-link';
import { createSubuserEndpoint } from './endpoints/create-subuser';
import { deleteExportLink } from './endpoints/delete-export-link';
import { deleteSubuserEndpoint } from './endpoints/delete-subuser';
import { diagnoseProxy } from './endpoints/diagnose-proxy';
import { diagnoseTrafficPlan } from './endpoints/diagnose-traffic-plan';
import { drainNode } from './endpoints/drain-node';
import { enrolNode } from './endpoints/enrol-node';
import { exportProxies } from './endpoints/export-proxies';
import { generateEndpoints } from './endpoints/generate-endpoints';
import { getProduct } from './endpoints/get-product';
import { getProxy } from './endpoints/get-proxy';
import { getReplacement } from './endpoints/get-replacement';
import { getSubuser } from './endpoints/get-subuser';
import { getTrafficPlan } from './endpoints/get-traffic-plan';
import { getUsage } from './endpoints/get-usage';
import { listAbuseSigns } from './endpoints/list-abuse-signs';
import { listAllowlist } from './endpoints/list-allowlist';
import { listConnectionsEndpoint } from './endpoints/list-connections';
import { listExportLinks } from './endpoints/list-export-links';
import { listLocations } from './endpoints/list-locations';
import { listNodesEndpoint } from './endpoints/list-nodes';
import { listProducts } from './endpoints/list-products';
import { listProxiesEndpoint } from './endpoints/list-proxies';
import { listProxyAllowlist } from './endpoints/list-proxy-allowlist';
import { listReplacementsEndpoint } from './endpoints/list-replacements';
import { listSubusersEndpoint } from './endpoints/list-subusers';
import { listTrafficPlans } from './endpoints/list-traffic-plans';
import { orderProxiesEndpoint } from './endpoints/order-proxies';
import { QUOTE_EXAMPLE, quoteOperations } from './endpoints/quotes';
import { readExportLink } from './endpoints/read-export-link';
import { reclaimFromSubuser } from './endpoints/reclaim-from-subuser';
import { removeFromAllowlist } from './endpoints/remove-from-allowlist';
import { removeFromProxyAllowlist } from './endpoints/remove-from-proxy-allowlist';
import { renewOrder } from './endpoints/renew-order';
import { replaceProxiesEndpoint } from './endpoints/replace-proxies';
import { retireNode } from './endpoints/retire-node';
import { rotateCredentials } from './endpoints/rotate-credentials';
import { rotatePlanCredentials } from './endpoints/rotate-plan-credentials';
import { rotateProxy } from './endpoints/rotate-proxy';
import { rotateSubuserCredentials } from './endpoints/rotate-subuser-credentials';
import { setCredentials } from './endpoints/set-credentials';
import { setPlanCredentials } from './endpoints/set-plan-credentials';
import { setRotation } from './endpoints/set-rotation';
import { setSubuserCredentials } from './endpoints/set-subuser-credentials';
import { proxiesSummary } from './endpoints/summary';
import { suspendProxy } from './endpoints/suspend-proxy';
import { suspendTrafficPlan } from './endpoints/suspend-traffic-plan';
import { suspendSubuser } from './endpoints/suspend-subuser';
import { syncAllowlist } from './endpoints/sync-allowlist';
import { syncProxies } from './endpoints/sync-proxies';
import { syncProxyNow } from './endpoints/sync-proxy';
import { syncProxyAllowlist } from './endpoints/sync-proxy-allowlist';
import { syncSubuserNow } from './endpoints/sync-subuser';
import { syncSubusers } from './endpoints/sync-subusers';
import { syncTrafficPlan } from './endpoints/sync-traffic-plan';
import { syncTrafficPlans } from './endpoints/sync-traffic-plans';
import { topUpTrafficPlan } from './endpoints/top-up-traffic-plan';
import { unsuspendProxy } from './endpoints/unsuspend-proxy';
import { unsuspendTrafficPlan } from './endpoints/unsuspend-traffic-plan';
import { unsuspendSubuser } from './endpoints/unsuspend-subuser';
import { updateProxy } from './endpoints/update-proxy';
import { updateSubuser } from './endpoints/update-subuser';
import { updateTrafficPlan } from './endpoints/update-traffic-plan';
import { orderProxies } from './purchases/order-proxies';
import { renewProxies } from './purchases/renew-proxies';
import { replaceProxies } from './purchases/replace-proxies';
import { buyTraffic, topUpTraffic } from './purchases/traffic';
import type { NodeDeps } from './nodes/deps';
import { FeedWatch } from './nodes/feed-watch';
import { nodeRoutes } from './nodes/routes';
import { isAnyDirty } from './store/access';
import { feedNumber } from './store/feed';
import { Networks } from './supplier/networks';
import { networksOf } from './supplier/open-networks';
import { allowlistSyncs, subuserSyncs } from './sync/sync-access';
import { planSyncs } from './sync/sync-plan';
import { proxySyncs } from './sync/sync-proxy';
import { rotateProxyKind } from './tasks/rotate-proxy';

export interface WiredProxy extends NodeDeps {
  readonly syncs: {
    readonly proxies: SyncOfAll;
    readonly plans: SyncOfAll;
    readonly subusers: SyncOfAll;
    readonly allowlists: SyncOfAll;
  };
  readonly shared: SharedParts;
}

/** Sent by a trigger when the feed's number grows. */
const ACCESS_CHANGES = 'lumi_access';

export function wire(service: Service, settings: ProxySettings): WiredProxy {
  const entryHost = settings.PROXY_ENTRY_HOST ?? '127.0.0.1';
  const db = new PrismaClient(clientOptions(service.db.pool, 'proxy'));
  const networks = new Networks(networksOf(service, db, settings, entryHost), settings.PROXY_NETWORKS);
  const checks = checksOf(service, db, networks, settings.PROXY_CHECK_TARGETS);
  const deps: ProxyDeps = { service, db, networks, checks };
  const isAllSandbox = PRODUCTS.every(({ id }) => deps.networks.nameForProduct(id) === 'sandbox');
  const syncs = {
    proxies: syncOfAll(proxySyncs(deps)),
    plans: syncOfAll(planSyncs(deps)),
    subusers: syncOfAll(subuserSyncs(deps)),
    allowlists: syncOfAll(allowlistSyncs(deps)),
  };
  return {
    ...deps,
    syncs,
    feed: feedWatchOf(service),
    localToken: settings.PROXY_LOCAL_NODE_TOKEN ?? null,
    entryHost,
    usableWithinMs: settings.PROXY_USABLE_WITHIN_MS,
    shared: sharedParts(service, {
      suppliers: [{ name: 'network', isSandbox: isAllSandbox }],
      things: [orderProxies(deps), renewProxies(deps), replaceProxies(deps), buyTraffic(deps), topUpTraffic(deps)],
      tasks: [rotateProxyKind(deps), ...Object.values(syncs).map(({ kind }) => kind)],
      auditRules: PROXY_RULES,
      quotes: { operations: quoteOperations(deps), example: QUOTE_EXAMPLE },
      bulk: [bulkOrderProxies(deps), bulkRenewProxies(deps)],
      lifecycles: [proxyLifecycle(deps), trafficLifecycle(deps)],
      summary: proxiesSummary,
    }),
  };
}

/** Listens from the moment that a node waits. */
function feedWatchOf({ db, notices }: Service): FeedWatch {
  const feed: FeedWatch = new FeedWatch({
    read: () => feedNumber(db.direct),
    isNoticed: () => {
      void notices.start();
      return notices.isListening;
    },
  });
  const hurry = (): void => feed.hurry();
  notices.on(ACCESS_CHANGES, { notice: hurry, gap: hurry });
  return feed;
}

/** Literal paths come before `/proxies/{id}`, because the first match serves. */
export function endpoints(deps: WiredProxy): readonly Endpoint[] {
  return [
    ...deps.shared.endpoints,
    listProducts(deps),
    getProduct(),
    listLocations(deps),
    orderProxiesEndpoint(deps),
    renewOrder(deps),
    listProxiesEndpoint(deps),
    bulkUpdateProxies(deps),
    checkProxies(deps),
    replaceProxiesEndpoint(deps),
    exportProxies(deps),
    createExportLink(deps),
    listExportLinks(deps),
    deleteExportLink(deps),
    readExportLink(deps),
    syncProxies(deps, deps.syncs.proxies),
    getProxy(deps),
    syncProxyNow(deps),
    diagnoseProxy(deps),
    updateProxy(deps),
    rotateProxy(deps),
    setRotation(deps),
    setCredentials(deps),
    rotateCredentials(deps),
    listAllowlist(deps),
    addToAllowlist(deps),
    syncAllowlist(deps, deps.syncs.allowlists),
    removeFromAllowlist(deps),
    listProxyAllowlist(deps),
    syncProxyAllowlist(deps),
    addToProxyAllowlist(deps),
    removeFromProxyAllowlist(deps),
    listReplacementsEndpoint(deps),
    getReplacement(deps),
    listTrafficPlans(deps),
    buyTrafficPlan(deps),
    syncTrafficPlans(deps, deps.syncs.plans),
    getTrafficPlan(deps),
    diagnoseTrafficPlan(deps),
    syncTrafficPlan(deps),
    updateTrafficPlan(deps),
    topUpTrafficPlan(deps),
    setPlanCredentials(deps),
    rotatePlanCredentials(deps),
    generateEndpoints(deps),
    listSubusersEndpoint(deps),
    createSubuserEndpoint(deps),
    syncSubusers(deps, deps.syncs.subusers),
    getSubuser(deps),
    syncSubuserNow(deps),
    updateSubuser(deps),
    deleteSubuserEndpoint(deps),
    setSubuserCredentials(deps),
    rotateSubuserCredentials(deps),
    allocateToSubuser(deps),
    reclaimFromSubuser(deps),
    getUsage(deps),
    listConnectionsEndpoint(deps),
    enrolNode(deps),
    listNodesEndpoint(deps),
    drainNode(deps),
    retireNode(deps),
    listAbuseSigns(deps),
    suspendProxy(deps),
    unsuspendProxy(deps),
    suspendTrafficPlan(deps),
    unsuspendTrafficPlan(deps),
    suspendSubuser(deps),
    unsuspendSubuser(deps),
  ];
}

/** The routes of nodes. */
export function internal(deps: WiredProxy): readonly InternalRoute[] {
  return nodeRoutes(deps);
}

/** The loops that only this worker has, each with its interval. A round is bounded and may run twice without harm. */
export function loops(deps: WiredProxy): readonly Loop[] {
  return [
    ...deps.shared.loops,
    { name: 'push-access', everyMs: 500, due: isAnyDirty, run: () => pushAccess(deps) },
    // A node's registration and each sale place entries by themselves; this is for what an older release left.
    { name: 'care-for-nodes', everyMs: 30_000, run: () => careForNodes(deps) },
    { name: 'rotate-by-interval', everyMs: 5_000, run: () => rotateByInterval(deps) },
    { name: 'follow-exits', everyMs: 10_000, run: () => followExits(deps) },
    { name: 'collect-usage', everyMs: 5_000, run: () => collectUsage(deps) },
    { name: 'forget-usage', everyMs: 600_000, run: () => forgetOldUsage(deps) },
    { name: 'forget-reports', everyMs: 600_000, run: () => forgetOldReports(deps) },
    { name: 'forget-links', everyMs: 600_000, run: () => forgetOldLinks(deps) },
    checkHealthLoop(deps),
    withdrawEndedLoop(deps),
  ];
}

export const api = describeApi({
  title: 'Lumi Proxy API',
  description: 'Buy and manage proxies: static addresses by the period and traffic by the gigabyte.',
  glossary: GLOSSARY,
  samples: SAMPLES,
  tags: [
    { name: 'Catalogue', description: 'What can be bought, where, and for how much.' },
    { name: 'Orders', description: 'Buy and renew proxies.' },
    { name: 'Proxies', description: 'The proxies you have.' },
    { name: 'Allow-list', description: 'Addresses that may use proxies without a password.' },
    { name: 'Traffic', description: 'Gigabytes of pools, and who may use them.' },
    { name: 'Usage', description: 'What was used.' },
  ],
});
