// THE LIST of this service's endpoints.
import type { Endpoint } from '@lumi/shared/endpoint';
import { SHARED_TAGS, type ApiDescription } from '@lumi/shared/service';
import { getProduct } from './operations/get-product';
import { listLocations } from './operations/list-locations';
import { getProxy } from './operations/get-proxy';
import { listProxiesEndpoint } from './operations/list-proxies';
import { orderProxiesEndpoint } from './operations/order-proxies';
import { renewOrder } from './operations/renew-order';
import { bulkUpdateProxies, updateProxy } from './operations/update-proxy';
import { listProducts } from './operations/list-products';
import type { ProxyDeps } from './wiring';

export function endpoints(deps: ProxyDeps): readonly Endpoint[] {
  return [
    listProducts(), getProduct(), listLocations(deps),
    orderProxiesEndpoint(deps), renewOrder(deps),
    listProxiesEndpoint(deps), bulkUpdateProxies(deps), getProxy(deps), updateProxy(deps),
    ...deps.shared.endpoints,
  ];
}

export const API: ApiDescription = {
  title: 'Lumi Proxy API',
  description: 'Buy and manage proxies: static addresses by the period and traffic by the gigabyte.',
  version: '1.0.0',
  tags: [
    { name: 'Catalogue', description: 'What can be bought, where, and for how much.' },
    { name: 'Orders', description: 'Buy and renew proxies.' },
    { name: 'Proxies', description: 'The proxies you have.' },
    ...SHARED_TAGS,
  ],
};
