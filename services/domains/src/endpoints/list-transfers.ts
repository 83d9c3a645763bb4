// GET /transfers
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { TRANSFER_STATES, transferSchema, viewTransfer } from '../portfolio/transfer-view';
import { listTransfers as queryTransfers } from '../store/transfer-store';

export const listTransfers = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-transfers',
      method: 'GET',
      path: '/transfers',
      tag: 'Transfers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'List transfers',
      description: 'Your transfers, newest first.',
      query: pageQuery.extend({
        state: z.enum(TRANSFER_STATES).optional(),
        domain: z.string().min(1).max(255).optional(),
      }),
      responses: { 200: { description: 'A page of transfers.', schema: pageOf(transferSchema) } },
    }),
    async ({ query, reach }) => {
      await domains.catalogue.ready();
      const reading = query.domain === undefined ? null : readDomainName(query.domain, domains.catalogue);
      const domain = reading === null ? undefined : reading.kind === 'name' ? reading.name : '';
      const page = await pageOfRows({
        route: 'list-transfers',
        reach,
        query,
        cursors: domains.service.cursors,
        read: (at) => queryTransfers(domains.service.db.platform, reach, { state: query.state, domain, ...at }),
        position: bySeq,
        view: ({ order }) => viewTransfer(order),
      });
      return json(200, page);
    },
  );
