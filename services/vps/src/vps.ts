// The dependencies of the parts of hosting. Only wiring.ts builds them.
import type { Service } from '@lumi/shared/service';
import type { HostingSettings } from './config';
import type { PrismaClient } from './generated/db/client';
import type { Hypervisor } from './supplier/hypervisor';

export interface Vps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly hypervisor: Hypervisor;
  readonly hosting: HostingSettings;
}
