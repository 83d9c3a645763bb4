// THE LIST of this service's endpoints.
import { BATCH_TAGS, batchParts } from '@lumi/shared/batches';
import type { Endpoint } from '@lumi/shared/endpoint';
import { forecastRenewals, summaryEndpoint } from '@lumi/shared/forecast';
import { AUTO_RENEW_TAG, autoRenewEndpoints } from '@lumi/shared/lifecycle';
import { QUOTES_TAG, quoteEndpoints } from '@lumi/shared/quotes';
import { SHARED_TAGS, type ApiDescription } from '@lumi/shared/service';
import { allowlistEndpoints } from './operations/allowlist';
import { bulkKinds } from './operations/bulk';
import { buyTrafficPlan, topUpTrafficPlan } from './operations/buy-traffic';
import { checkProxies } from './operations/check-proxies';
import { exportProxies } from './operations/export-proxies';
import { generateEndpoints } from './operations/generate-endpoints';
import { getUsage } from './operations/get-usage';
import { getReplacement, listReplacementsEndpoint } from './operations/list-replacements';
import { replaceProxiesEndpoint } from './operations/replace-proxies';
import { rotateProxy, setRotation } from './operations/rotate-proxy';
import { rotateCredentials, setCredentials } from './operations/set-credentials';
import { subuserEndpoints } from './operations/subusers';
import { getTrafficPlan, listTrafficPlans, updateTrafficPlan } from './operations/traffic-plans';
import { getProduct } from './operations/get-product';
import { listLocations } from './operations/list-locations';
import { getProxy } from './operations/get-proxy';
import { listProxiesEndpoint } from './operations/list-proxies';
import { orderProxiesEndpoint } from './operations/order-proxies';
import { QUOTE_EXAMPLE, quoteOperations } from './operations/quotes';
import { renewOrder } from './operations/renew-order';
import { bulkUpdateProxies, updateProxy } from './operations/update-proxy';
import { listProducts } from './operations/list-products';
import { proxyLifecycle } from './jobs/lifecycle-sources';
import { summaryRows } from './store/proxies';
import type { ProxyDeps } from './proxy';

export function endpoints(deps: ProxyDeps): readonly Endpoint[] {
  return [
    ...batchParts(deps, bulkKinds(deps)).endpoints,
    listProducts(), getProduct(), listLocations(deps),
    ...quoteEndpoints(deps, quoteOperations(deps), QUOTE_EXAMPLE), orderProxiesEndpoint(deps), renewOrder(deps),
    listProxiesEndpoint(deps), summaryEndpoint(deps, { things: 'proxies', tag: 'Proxies', groups: ['state', 'type', 'country', 'health'], rows: summaryRows }), bulkUpdateProxies(deps), checkProxies(deps), replaceProxiesEndpoint(deps), exportProxies(deps), getProxy(deps), updateProxy(deps),
    rotateProxy(deps), setRotation(deps), setCredentials(deps), rotateCredentials(deps), ...allowlistEndpoints(deps), listReplacementsEndpoint(deps), getReplacement(deps),
    listTrafficPlans(deps), buyTrafficPlan(deps), getTrafficPlan(deps), updateTrafficPlan(deps), topUpTrafficPlan(deps), generateEndpoints(deps), ...subuserEndpoints(deps), getUsage(deps), ...autoRenewEndpoints(deps), forecastRenewals(deps, [proxyLifecycle(deps)]),
    ...deps.shared.endpoints,
  ];
}

export const API: ApiDescription = {
  title: 'Lumi Proxy API',
  description: 'Buy and manage proxies: static addresses by the period and traffic by the gigabyte.',
  version: '1.0.0',
  tags: [
    { name: 'Catalogue', description: 'What can be bought, where, and for how much.' },
    QUOTES_TAG,
    { name: 'Orders', description: 'Buy and renew proxies.' },
    { name: 'Proxies', description: 'The proxies you have.' },
    { name: 'Allow-list', description: 'Addresses that may use proxies without a password.' },
    { name: 'Traffic', description: 'Gigabytes of pools, and who may use them.' },
    { name: 'Usage', description: 'What was used.' },
    AUTO_RENEW_TAG,
    ...BATCH_TAGS,
    ...SHARED_TAGS,
  ],
};
