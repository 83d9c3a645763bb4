// Builds what the proxy service's processes are made of; nothing else constructs.
import type { AnyThingSold } from '@lumi/shared/purchase';
import { openService, sharedParts, type Service, type ServiceOptions, type SharedParts } from '@lumi/shared/service';
import type { Config } from './config';
import type { ProxyNetwork } from './supplier/proxy-network';
import { SandboxNetwork } from './supplier/sandbox/sandbox-network';

export interface ProxyDeps extends Service {
  readonly network: ProxyNetwork;
  readonly shared: SharedParts;
}

export function wire(options: Omit<ServiceOptions, 'product'> & { readonly config: Config }): ProxyDeps {
  return wireService(openService({ ...options, product: 'proxy' }));
}

/** On a service that is already open, as tests have it. */
export function wireService(service: Service): ProxyDeps {
  const network = new SandboxNetwork(service.db, service.clock);
  const things: readonly AnyThingSold[] = [];
  return { ...service, network, shared: sharedParts(service, { suppliers: [{ name: 'network', isSandbox: true }], things }) };
}
