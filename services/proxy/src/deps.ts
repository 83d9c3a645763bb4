// The dependencies of the endpoints and loops of this service. Only wiring.ts builds them.
import type { Service } from '@lumi/shared/service';
import type { ProxyChecks } from './checks/proxy-checks';
import type { PrismaClient } from './generated/db/client';
import type { Networks } from './supplier/networks';

export interface ProxyDeps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly networks: Networks;
  readonly checks: ProxyChecks;
}
