// DELETE /zones/{zone}/rrsets/{name}/{type}
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { setOf } from '../store/zone-store';
import { changeZone } from '../zones/change-zone';
import { ZONE_ROUTE, ownZone } from '../zones/own-zone';
import { readPlace } from '../zones/record-fields';
import { setParams } from '../zones/record-params';

export const deleteRecordSet = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'delete-record-set',
      method: 'DELETE',
      path: '/zones/{zone}/rrsets/{name}/{type}',
      scope: 'write',
      summary: 'Delete a record set',
      description: 'Deletes all records of one name and type.',
      params: setParams,
      responses: {
        200: {
          description: 'Deleted.',
          schema: z.object({
            name: z.string().describe('Relative to the zone.'),
            type: z.string().describe('The type of the deleted records.'),
            deleted: z.literal(true),
          }),
        },
      },
      errors: ['busy'],
    }),
    async (context) => {
      const row = await ownZone(domains, context.reach, context.params.zone);
      const { name } = readPlace(row, context.params.name);
      const type = context.params.type.toUpperCase();
      if (name === null || (await setOf(domains.db, row.seq, name, type)).length === 0) throw notFound();
      await changeZone(domains, context, {
        zone: row.name,
        kind: 'change',
        edit: (draft) => {
          draft.replaceSet({ name, type, values: [] }, '');
        },
      });
      return json(200, { name, type, deleted: true });
    },
  );
