// What a test that runs the whole system needs to know of each product: how it is wired on an open service, and the
// rules an outsider audits it by. The only file outside a service that knows its wiring.
import type { Product } from '@lumi/shared/contract';
import type { Sql } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { JobDefinition } from '@lumi/shared/jobs';
import type { ApiDescription, Loop, Service } from '@lumi/shared/service';
import { domainsAuditRules } from '../../services/domains/src/audit-rules';
import * as domainsWiring from '../../services/domains/src/wiring';
import { PROXY_RULES } from '../../services/proxy/src/audit-rules';
import * as proxyWiring from '../../services/proxy/src/wiring';
import { VPS_RULES } from '../../services/vps/src/audit-rules';
import * as vpsWiring from '../../services/vps/src/wiring';

export interface WiredProduct {
  readonly endpoints: readonly Endpoint[];
  readonly api: ApiDescription;
  readonly loops: readonly Loop[];
  readonly jobs: readonly JobDefinition[];
  readonly auditRules: readonly (readonly [string, Sql])[];
  /** Everything but the service itself. */
  close(): Promise<void>;
}

/** The sandbox registrar waits by the machine's clock where it waits; the others by the one that tests move. */
const AT_ONCE = { SANDBOX_TIMEOUT_MS: 1, SANDBOX_SLOW_MS: 1 };

export const WIRE: Readonly<Record<Product, (service: Service) => WiredProduct>> = {
  domains: (service) => {
    const domains = domainsWiring.wire(service, AT_ONCE);
    return {
      endpoints: domainsWiring.endpoints(domains),
      api: domainsWiring.api,
      loops: domainsWiring.loops(domains),
      jobs: domainsWiring.jobs(domains),
      auditRules: domainsAuditRules,
      close: async () => {
        await domains.shared.close();
        await domains.db.$disconnect();
      },
    };
  },
  vps: (service) => {
    const vps = vpsWiring.wire(service);
    return {
      endpoints: vpsWiring.endpoints(vps),
      api: vpsWiring.api,
      loops: vpsWiring.loops(vps),
      jobs: vpsWiring.jobs(vps),
      auditRules: VPS_RULES,
      close: async () => {
        await vps.shared.close();
        await vps.db.$disconnect();
      },
    };
  },
  proxy: (service) => {
    const proxy = proxyWiring.wire(service, AT_ONCE);
    return {
      endpoints: proxyWiring.endpoints(proxy),
      api: proxyWiring.api,
      loops: proxyWiring.loops(proxy),
      jobs: proxyWiring.jobs(proxy),
      auditRules: PROXY_RULES,
      close: () => proxy.shared.close(),
    };
  },
};
