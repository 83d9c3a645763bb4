// GET /transfers
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { accountOf } from '@lumi/shared/listing';
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
      const { limit, cursor, ...filter } = query;
      const binding = { account: accountOf(reach), route: 'list-transfers', filter };
      const request = readPage({ limit, cursor }, domains.service.cursors, binding);
      const reading = filter.domain === undefined ? null : readDomainName(filter.domain, domains.catalogue);
      const domain = reading === null ? undefined : reading.kind === 'name' ? reading.name : '';
      const rows = await queryTransfers(domains.service.db.platform, reach, {
        state: filter.state,
        domain,
        limit: request.limit,
        after: request.after,
      });
      return json(
        200,
        toPage(
          rows,
          request,
          domains.service.cursors,
          binding,
          (row) => [row.seq.toString()],
          (row) => viewTransfer(row.order),
        ),
      );
    },
  );
