// The bulk endpoints of hosting: each item is one purchase, priced by the function that prices the single one.
import { z } from 'zod';
import { AppError, notFound } from '@lumi/shared/contract';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { purchaseFields, type Offer } from '@lumi/shared/purchase';
import { createFields, createOffers, placesOf } from '../purchases/create-offer';
import { renewFields, renewOffer } from '../purchases/renew-offer';
import { asOf } from '../servers/as-of';
import { findServers } from '../store/servers';
import type { Vps } from '../vps';

export function bulkKinds(vps: Vps): readonly BulkKind[] {
  return [bulkServers(vps), bulkRenewServers(vps)];
}

function bulkServers(vps: Vps): BulkKind {
  return bulkKind({
    id: 'bulk-servers', path: '/servers/bulk', tag: 'Servers', summary: 'Buy several servers',
    description: 'Buys each server as `POST /servers` does. Two items with the same host name are the same server.',
    item: z.object({ ...createFields, ...purchaseFields }), itemExample: { plan_id: 's1', locations: ['ams'], image_id: 'debian-13', hostname: 'web-1.example.com' },
    errors: ['price_changed', 'out_of_stock', 'supplier_error'],
    about: 'hostname',
    identify: (body) => {
      placesOf(body);
      return { subject: body.hostname, once: body.hostname.toLowerCase() };
    },
    prepare: (accountId, bodies) => Promise.all(bodies.map(async (body) => (await createOffers(vps, accountId, body))[0])),
  });
}

function bulkRenewServers(vps: Vps): BulkKind {
  return bulkKind({
    id: 'bulk-renew-servers', path: '/servers/bulk-renew', tag: 'Servers', summary: 'Renew several servers',
    description: 'Renews each server as `POST /servers/{id}/renew` does.',
    item: z.object({ server_id: z.string().max(64), ...renewFields, ...purchaseFields }), itemExample: { server_id: 'srv_01k000000000000000000000', current_expires_at: '2026-07-09T12:00:00Z' },
    errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'suspended', 'supplier_error'],
    about: 'server_id',
    identify: ({ server_id: serverId }) => ({ subject: serverId, once: serverId }),
    prepare: async (accountId, bodies) => {
      const found = await findServers(vps.service.db.platform, { kind: 'account', accountId }, bodies.map(({ server_id: serverId }) => serverId));
      const servers = new Map(found.map((server) => [server.id, asOf(vps, server)]));
      return Promise.all(bodies.map((body): Promise<Offer | AppError> => {
        const server = servers.get(body.server_id);
        return server === undefined ? Promise.resolve(notFound()) : renewOffer(vps, server, body);
      }));
    },
  });
}
