// What the parts of hosting are handed: built by wiring.ts, and by nothing else.
import type { Service, SharedParts } from '@lumi/shared/service';
import type { Actions } from './actions/actions';
import type { HostingSettings } from './config';
import type { PrismaClient } from './generated/db/client';
import type { Hypervisor } from './supplier/hypervisor';

/** Without what is built from it: the parts that the shared endpoints and loops are made of. */
export interface Vps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly hypervisor: Hypervisor;
  readonly hosting: HostingSettings;
}

export interface WiredVps extends Vps {
  readonly actions: Actions;
  readonly shared: SharedParts;
}
