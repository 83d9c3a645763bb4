// Builds what the hosting endpoints and loops work with; nothing else constructs.
import { productAdapter } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { ApiDescription, Loop, Service } from '@lumi/shared/service';
import { recoverOrders, type AnyThingSold } from '@lumi/shared/purchase';
import { PrismaClient } from './generated/db/client';
import { getPlan } from './operations/get-plan';
import { listImages } from './operations/list-images';
import { listLocations } from './operations/list-locations';
import { listPlans } from './operations/list-plans';

export interface Vps {
  readonly service: Service;
  readonly db: PrismaClient;
}

const RECOVERY_ROUND = 20;

export function wire(service: Service): Vps {
  return { service, db: new PrismaClient({ adapter: productAdapter(service.db.pool, 'vps') }) };
}

export function endpoints(vps: Vps): readonly Endpoint[] {
  return [listLocations(vps), listPlans(vps), getPlan(vps), listImages(vps)];
}

export function loops(vps: Vps): readonly Loop[] {
  const things: ReadonlyMap<string, AnyThingSold> = new Map();
  return [
    { name: 'recovery', everyMs: 1_000, run: async () => (await recoverOrders(vps.service.purchases, things, 'vps', RECOVERY_ROUND)).taken === RECOVERY_ROUND },
  ];
}

export const api: ApiDescription = {
  title: 'Lumi Hosting API',
  version: '1.0.0',
  description: 'Buy and manage virtual servers.',
  tags: [{ name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' }],
};
