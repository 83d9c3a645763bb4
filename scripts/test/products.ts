// What a test of the whole system needs from each product: its wiring on an open service, and its audit rules. Only
// this file outside a service knows its wiring.
import type { Product } from '@lumi/shared/contract';
import type { Sql } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { JobDefinition } from '@lumi/shared/jobs';
import type { ApiDescription, Loop, Service, SharedParts, Wiring } from '@lumi/shared/service';
import { DOMAINS_RULES } from '../../services/domains/src/audit-rules';
import * as domainsWiring from '../../services/domains/src/wiring';
import { PROXY_RULES } from '../../services/proxy/src/audit-rules';
import * as proxyWiring from '../../services/proxy/src/wiring';
import { VPS_RULES } from '../../services/vps/src/audit-rules';
import { vpsSettings } from '../../services/vps/src/config';
import * as vpsWiring from '../../services/vps/src/wiring';

export interface WiredProduct {
  readonly endpoints: readonly Endpoint[];
  readonly api: ApiDescription;
  readonly loops: readonly Loop[];
  readonly jobs: readonly JobDefinition[];
  readonly auditRules: readonly (readonly [string, Sql])[];
  /** All parts but the service itself. */
  close(): Promise<void>;
}

/** The sandbox registrar waits by the machine's clock; the others wait by the tests' clock. */
const AT_ONCE = {
  SANDBOX_TIMEOUT_MS: 1,
  SANDBOX_SLOW_MS: 1,
  PROXY_USABLE_WITHIN_MS: 0,
  PROXY_NETWORKS: new Map(),
  PROXY_UPSTREAM_TIMEOUT_MS: 1_000,
  PROXY_EXIT_REST_S: 86_400,
  PROXY_UPSTREAM_PROTOCOL: 'http' as const,
};

export const WIRE: Readonly<Record<Product, (service: Service) => WiredProduct>> = {
  domains: (service) => wired(service, domainsWiring, AT_ONCE, DOMAINS_RULES),
  vps: (service) => wired(service, vpsWiring, vpsSettings.parse({}), VPS_RULES),
  proxy: (service) => wired(service, proxyWiring, AT_ONCE, PROXY_RULES),
};

function wired<C, D extends { readonly shared: SharedParts; readonly db?: { $disconnect(): Promise<void> } }>(
  service: Service,
  { api, wire, endpoints, loops }: Wiring<C, D>,
  settings: C,
  auditRules: WiredProduct['auditRules'],
): WiredProduct {
  const deps = wire(service, settings);
  return {
    api,
    endpoints: endpoints(deps),
    loops: loops(deps),
    jobs: deps.shared.jobs,
    auditRules,
    close: async () => {
      await deps.shared.close();
      await deps.db?.$disconnect();
    },
  };
}
