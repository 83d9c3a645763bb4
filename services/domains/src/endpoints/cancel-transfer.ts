// POST /transfers/{id}/cancel
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { concludeOrder } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { transferSchema, viewTransfer } from '../portfolio/transfer-view';
import { transferInThing, transferCommandOf, type TransferItem } from '../purchases/transfer-in';
import { findTransfer } from '../store/transfer-store';
import type { Order } from '@lumi/shared/purchase';
import { transferParams } from './get-transfer';

const CALL_LIMIT_MS = 8_000;

export const cancelTransfer = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'cancel-transfer',
      method: 'POST',
      path: '/transfers/{id}/cancel',
      tag: 'Transfers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Cancel a transfer',
      description:
        'Withdraws a transfer that is under way; the held money comes back. When the registry was faster, ' +
        'the answer shows the transfer as it ended.',
      params: transferParams,
      responses: { 200: { description: 'The transfer as it is now.', schema: transferSchema } },
      errors: ['state_conflict'],
    }),
    async ({ params, reach }) => {
      const {
        db: { platform },
        config,
      } = domains.service;
      const order = await findTransfer(platform, reach, params.id);
      if (order.settledAt !== null)
        throw new AppError('state_conflict', 'The transfer is over; it cannot be cancelled.');
      const signal = AbortSignal.timeout(CALL_LIMIT_MS);
      // the order's kind determines the type of its item
      const command = transferCommandOf(order as Order<TransferItem>, config.SECRET_RING);
      const registrar = domains.registrars.get((order as Order<TransferItem>).item.registrar);
      await domains.catalogue.ready();
      await registrar.cancelTransfer(command, signal);
      // The registrar's present answer decides, not our command. The attempt number prevents this and recovery from
      // both writing an end.
      const outcome = await registrar.lookUp(command, signal);
      if (outcome.kind !== 'absent')
        await concludeOrder(domains.service.purchases, transferInThing(domains), order, outcome);
      return json(200, viewTransfer(await findTransfer(platform, reach, params.id)));
    },
  );
