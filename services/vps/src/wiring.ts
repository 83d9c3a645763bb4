// Builds what the hosting endpoints and loops work with; nothing else constructs.
import { productAdapter } from '@lumi/shared/db';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { AnyThingSold } from '@lumi/shared/purchase';
import { SHARED_TAGS, sharedParts, type ApiDescription, type Loop, type Service } from '@lumi/shared/service';
import { hostingSettings, type HostingSettings } from './config';
import { PrismaClient } from './generated/db/client';
import { createServer } from './operations/create-server';
import { getPlan } from './operations/get-plan';
import { getServer } from './operations/get-server';
import { listImages } from './operations/list-images';
import { listLocations } from './operations/list-locations';
import { listPlans } from './operations/list-plans';
import { listServers } from './operations/list-servers';
import { listUpgrades } from './operations/list-upgrades';
import { renewServer } from './operations/renew-server';
import { resizeServer } from './operations/resize-server';
import { serverCreate } from './purchases/server-create';
import { serverRenew } from './purchases/server-renew';
import { serverResize } from './purchases/server-resize';
import { SandboxHypervisor } from './supplier/sandbox/sandbox-hypervisor';
import type { Vps, WiredVps } from './vps';

export function wire(service: Service, hosting: HostingSettings = hostingSettings.parse({})): WiredVps {
  const vps: Vps = {
    service, hosting,
    db: new PrismaClient({ adapter: productAdapter(service.db.pool, 'vps') }),
    hypervisor: new SandboxHypervisor(service.db.platform, service.clock, { createMs: hosting.SANDBOX_CREATE_MS, actionMs: hosting.SANDBOX_ACTION_MS }),
  };
  return { ...vps, shared: sharedParts(service, { suppliers: [{ name: 'hypervisor', isSandbox: vps.hypervisor.isSandbox }], things: thingsSold(vps) }) };
}

function thingsSold(vps: Vps): readonly AnyThingSold[] {
  return [serverCreate(vps), serverRenew(vps), serverResize(vps)];
}

/** Literal paths stand before `/servers/{id}`: the first that matches serves. */
export function endpoints(vps: WiredVps): readonly Endpoint[] {
  return [
    listLocations(vps), listPlans(vps), getPlan(vps), listImages(vps),
    createServer(vps), listServers(vps), getServer(vps), renewServer(vps), listUpgrades(vps), resizeServer(vps),
    ...vps.shared.endpoints,
  ];
}

export function loops(vps: WiredVps): readonly Loop[] {
  return vps.shared.loops;
}

export const api: ApiDescription = {
  title: 'Lumi Hosting API',
  version: '1.0.0',
  description: 'Buy and manage virtual servers.',
  tags: [
    { name: 'Catalogue', description: 'What can be bought: locations, plans with prices and stock, images.' },
    { name: 'Servers', description: 'Buy, use and renew servers.' },
    ...SHARED_TAGS,
  ],
};
