// THE LIST of this service's endpoints.
import type { Endpoint } from '@lumi/shared/endpoint';
import { SHARED_TAGS, type ApiDescription } from '@lumi/shared/service';
import { getProduct } from './operations/get-product';
import { listLocations } from './operations/list-locations';
import { listProducts } from './operations/list-products';
import type { ProxyDeps } from './wiring';

export function endpoints(deps: ProxyDeps): readonly Endpoint[] {
  return [
    listProducts(), getProduct(), listLocations(deps),
    ...deps.shared.endpoints,
  ];
}

export const API: ApiDescription = {
  title: 'Lumi Proxy API',
  description: 'Buy and manage proxies: static addresses by the period and traffic by the gigabyte.',
  version: '1.0.0',
  tags: [
    { name: 'Catalogue', description: 'What can be bought, where, and for how much.' },
    ...SHARED_TAGS,
  ],
};
