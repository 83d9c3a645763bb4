// GET /transfers/{id}
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { transferSchema, viewTransfer } from '../portfolio/transfer-view';
import { findTransfer } from '../store/transfer-store';

export const transferParams = z.object({
  id: z.string().min(1).max(64).meta({ example: 'op_01k000000000000000000000' }),
});

export const getTransfer = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-transfer',
      method: 'GET',
      path: '/transfers/{id}',
      tag: 'Transfers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get a transfer',
      description: 'Where a transfer stands and what it waits for.',
      params: transferParams,
      responses: { 200: { description: 'The transfer.', schema: transferSchema } },
    }),
    async ({ params, reach }) =>
      json(200, viewTransfer(await findTransfer(domains.service.db.platform, reach, params.id))),
  );
