// POST /transfers/{id}/sync
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { syncTransfer } from '../portfolio/sync-transfer';
import { transferSchema, viewTransfer } from '../portfolio/transfer-view';
import { findTransfer } from '../store/transfer-store';
import { transferParams } from './get-transfer';

export const syncTransferNow = (domains: DomainsDeps) =>
  endpoint(
    syncRoute({
      id: 'sync-transfer',
      path: '/transfers/{id}/sync',
      tag: 'Transfers',
      summary: 'Ask how a transfer stands',
      description:
        'Asks the registrar how the transfer stands, and ends it where it has ended. At most once a minute ' +
        'for each transfer; one that is over is answered as it is.',
      params: transferParams,
      answer: { description: 'The transfer as it is now.', schema: transferSchema },
    }),
    async ({ params, reach }) => {
      const { id } = await findTransfer(domains.service.db.platform, reach, params.id);
      return json(
        200,
        viewTransfer(
          await syncOnce(domains.service, { product: 'domains', thing: `transfer ${id}` }, () =>
            syncTransfer(domains, reach, params.id),
          ),
        ),
      );
    },
  );
