// The operations that can be quoted. The function that prices the purchase also prices its quote.
import { z } from 'zod';
import { oneByOne } from '@lumi/shared/endpoint';
import { quoteOperation, type QuoteOperations } from '@lumi/shared/quotes';
import { createFields, createOffers, placesOf } from '../purchases/create-offer';
import { renewFields, renewOffer } from '../purchases/renew-offer';
import { resizeFields, resizeOffer } from '../purchases/resize-offer';
import { hostnameField } from '../servers/fields';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

export const QUOTE_EXAMPLE = {
  operation: 'create',
  items: [{ plan_id: 's1', locations: ['ams'], image_id: 'debian-13', period_months: 12 }],
};

const createItem = z.object({ ...createFields, hostname: hostnameField.optional() });
const renewItem = z.object({
  ...renewFields,
  server_id: z.string().max(64),
  current_expires_at: renewFields.current_expires_at.optional(),
});
const resizeItem = z.object({ server_id: z.string().max(64), ...resizeFields });

export function quoteOperations(vps: VpsDeps): QuoteOperations {
  return {
    create: quoteOperation(createItem, (accountId, items) =>
      oneByOne(items, async (item) => {
        const hostname = item.hostname ?? `${item.plan_id}-${placesOf(item)[0] ?? ''}`;
        const [offer] = await createOffers(vps, accountId, { ...item, hostname });
        return { ...offer, subject: hostname };
      }),
    ),
    renew: quoteOperation(renewItem, (accountId, items) =>
      oneByOne(items, async (item) => {
        return renewOffer(vps, await requireServer(vps, { kind: 'account', accountId }, item.server_id), item);
      }),
    ),
    resize: quoteOperation(resizeItem, (accountId, items) =>
      oneByOne(items, async (item) =>
        resizeOffer(vps, await requireServer(vps, { kind: 'account', accountId }, item.server_id), item.plan_id),
      ),
    ),
  };
}
