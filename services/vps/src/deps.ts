// The dependencies of the endpoints and loops of this service. Only wiring.ts builds them.
import type { Service } from '@lumi/shared/service';
import type { VpsSettings } from './config';
import type { PrismaClient } from './generated/db/client';
import type { Hypervisor } from './supplier/hypervisor';

export interface VpsDeps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly hypervisor: Hypervisor;
  readonly settings: VpsSettings;
}
