// Builds what the hosting endpoints and loops work with; nothing else constructs.
import { productAdapter } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import { SHARED_TAGS, sharedParts, type ApiDescription, type Loop, type Service, type SharedParts } from '@lumi/shared/service';
import { PrismaClient } from './generated/db/client';
import { getPlan } from './operations/get-plan';
import { listImages } from './operations/list-images';
import { listLocations } from './operations/list-locations';
import { listPlans } from './operations/list-plans';

export interface Vps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly shared: SharedParts;
}

export function wire(service: Service): Vps {
  return {
    service,
    db: new PrismaClient({ adapter: productAdapter(service.db.pool, 'vps') }),
    shared: sharedParts(service, { suppliers: [{ name: 'hypervisor', isSandbox: true }], things: [] }),
  };
}

export function endpoints(vps: Vps): readonly Endpoint[] {
  return [listLocations(vps), listPlans(vps), getPlan(vps), listImages(vps), ...vps.shared.endpoints];
}

export function loops(vps: Vps): readonly Loop[] {
  return vps.shared.loops;
}

export const api: ApiDescription = {
  title: 'Lumi Hosting API',
  version: '1.0.0',
  description: 'Buy and manage virtual servers.',
  tags: [{ name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' }, ...SHARED_TAGS],
};
