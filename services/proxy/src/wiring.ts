// Builds what the proxy service's processes are made of; nothing else constructs.
import type { AnyOperationKind } from '@lumi/shared/operations';
import type { AnyThingSold } from '@lumi/shared/purchase';
import { openService, sharedParts, type Service, type ServiceOptions } from '@lumi/shared/service';
import { PROXY_RULES } from './audit-rules';
import type { Config } from './config';
import type { ProxyDeps } from './proxy';
import { orderProxies } from './purchases/order-proxies';
import { renewProxies } from './purchases/renew-proxies';
import { replaceProxies } from './purchases/replace-proxies';
import { buyTraffic, topUpTraffic } from './purchases/traffic';
import { rotateProxyKind } from './tasks/rotate-proxy';
import { SandboxNetwork } from './supplier/sandbox/sandbox-network';

export function wire(options: Omit<ServiceOptions, 'product'> & { readonly config: Config }): ProxyDeps {
  return wireService(openService({ ...options, product: 'proxy' }));
}

/** On a service that is already open, as tests have it. */
export function wireService(service: Service): ProxyDeps {
  const { db, clock, config } = service;
  const network = new SandboxNetwork(db, clock);
  const selling = { network, clock, ring: config.SECRET_RING };
  const things: readonly AnyThingSold[] = [orderProxies(selling), renewProxies(selling), replaceProxies(selling), buyTraffic(selling), topUpTraffic(selling)];
  const tasks: readonly AnyOperationKind[] = [rotateProxyKind(selling)];
  const shared = sharedParts(service, { suppliers: [{ name: 'network', isSandbox: true }], things, auditRules: PROXY_RULES });
  return {
    ...service, network, ring: config.SECRET_RING, things: new Map(things.map((thing) => [thing.kind, thing])), tasks: new Map(tasks.map((task) => [task.kind, task])), shared,
    close: async () => {
      await shared.close();
      await service.close();
    },
  };
}
