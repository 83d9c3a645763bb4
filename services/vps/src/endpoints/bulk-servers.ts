// Buys many servers: each item is one purchase, priced by the function that prices the single one.
import { z } from 'zod';
import { bulkKind, type BulkKind } from '@lumi/shared/batches';
import { purchaseFields } from '@lumi/shared/purchase';
import { createFields, createOffers, placesOf } from '../purchases/create-offer';
import type { VpsDeps } from '../deps';

export function bulkServers(vps: VpsDeps): BulkKind {
  return bulkKind({
    id: 'bulk-servers',
    path: '/servers/bulk',
    tag: 'Servers',
    summary: 'Buy several servers',
    description: 'Buys each server as `POST /servers` does. Two items with the same host name are the same server.',
    item: z.object({ ...createFields, ...purchaseFields }),
    itemExample: { plan_id: 's1', locations: ['ams'], image_id: 'debian-13', hostname: 'web-1.example.com' },
    errors: ['price_changed', 'out_of_stock', 'supplier_error'],
    about: 'hostname',
    identify: (body) => {
      placesOf(body);
      return { subject: body.hostname, once: body.hostname.toLowerCase() };
    },
    prepare: (accountId, bodies) =>
      Promise.all(bodies.map(async (body) => (await createOffers(vps, accountId, body))[0])),
  });
}
