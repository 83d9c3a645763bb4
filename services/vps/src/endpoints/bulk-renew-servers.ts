// Renews many servers: each item is one purchase, priced by the function that prices the single one.
import { z } from 'zod';
import { AppError, notFound } from '@lumi/shared/contract';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { purchaseFields, type Offer } from '@lumi/shared/purchase';
import { renewFields, renewOffer } from '../purchases/renew-offer';
import { asOf } from '../servers/as-of';
import { findServers } from '../store/servers';
import type { VpsDeps } from '../deps';

export function bulkRenewServers(vps: VpsDeps): BulkKind {
  return bulkKind({
    id: 'bulk-renew-servers',
    path: '/servers/bulk-renew',
    tag: 'Servers',
    summary: 'Renew several servers',
    description: 'Renews each server as `POST /servers/{id}/renew` does.',
    item: z.object({ server_id: z.string().max(64), ...renewFields, ...purchaseFields }),
    itemExample: { server_id: 'srv_01k000000000000000000000', current_expires_at: '2026-07-09T12:00:00Z' },
    errors: ['price_changed', 'expiry_mismatch', 'state_conflict', 'suspended', 'supplier_error'],
    about: 'server_id',
    identify: ({ server_id: serverId }) => ({ subject: serverId, once: serverId }),
    prepare: async (accountId, bodies) => {
      const found = await findServers(
        vps.service.db.platform,
        { kind: 'account', accountId },
        bodies.map(({ server_id: serverId }) => serverId),
      );
      const servers = new Map(found.map((server) => [server.id, asOf(vps, server)]));
      return Promise.all(
        bodies.map((body): Promise<Offer | AppError> => {
          const server = servers.get(body.server_id);
          return server === undefined ? Promise.resolve(notFound()) : renewOffer(vps, server, body);
        }),
      );
    },
  });
}
