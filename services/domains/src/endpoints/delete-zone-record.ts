// DELETE /zones/{zone}/records/{id}
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone } from '../zones/change-zone';
import { ZONE_ROUTE } from '../zones/own-zone';
import { recordParams } from '../zones/record-params';
import { requireRecord } from '../zones/require-record';

export const deleteZoneRecord = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'delete-zone-record',
      method: 'DELETE',
      path: '/zones/{zone}/records/{id}',
      scope: 'write',
      summary: 'Delete a record',
      description: 'A version of the zone keeps it: it can be restored.',
      params: recordParams,
      responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
      errors: ['busy'],
    }),
    async (context) => {
      const { zone, id } = context.params;
      await requireRecord(domains, context.reach, context.params);
      await changeZone(domains, context, {
        zone,
        kind: 'change',
        edit: (draft) => {
          draft.apply({ deletes: [id] });
        },
      });
      return json(200, { id, deleted: true });
    },
  );
