import { z } from 'zod';
import { actorOf, noted } from '@lumi/shared/audit-log';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { deleteLink } from '../store/export-links';
import { EXPORT_LINK_ROUTE, exportLinkAct } from './export-link';
import { idParam } from './fields';

export function deleteExportLink(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...EXPORT_LINK_ROUTE,
      id: 'delete-export-link',
      method: 'DELETE',
      path: '/export-links/{id}',
      summary: 'Delete an export link',
      scope: 'write',
      description: 'Its URL answers `404` from now on.',
      params: z.object({ id: idParam('xpl', 'the link') }),
      responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
    }),
    async (context) => {
      const {
        reach,
        params: { id },
      } = context;
      const gone = await noted(
        deps.service.db,
        actorOf(context),
        (tx) => deleteLink(tx, reach, id),
        (row) => (row === null ? [] : [exportLinkAct('delete', row)]),
      );
      if (gone === null) throw notFound();
      return json(200, { id, deleted: true });
    },
  );
}
