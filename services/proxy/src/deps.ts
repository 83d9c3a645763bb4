// The dependencies of the endpoints and loops of this service. Only wiring.ts builds them.
import type { Service } from '@lumi/shared/service';
import type { PrismaClient } from './generated/db/client';
import type { ProxyNetwork } from './supplier/proxy-network';

export interface ProxyDeps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly network: ProxyNetwork;
}
