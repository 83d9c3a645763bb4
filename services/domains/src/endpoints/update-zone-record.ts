// PATCH /zones/{zone}/records/{id}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone } from '../zones/change-zone';
import { changedRecord } from '../zones/changed-record';
import { requireRecord } from '../zones/require-record';
import { ZONE_ROUTE, reasonField } from '../zones/own-zone';
import { recordPatch } from '../zones/record-fields';
import { recordParams } from '../zones/record-params';
import { recordSchema } from '../zones/zone-row';

export const updateZoneRecord = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'update-zone-record',
      method: 'PATCH',
      path: '/zones/{zone}/records/{id}',
      scope: 'write',
      summary: 'Change a record',
      description: 'Changes only what is named. The type of a record never changes.',
      params: recordParams,
      body: recordPatch.extend({ reason: reasonField }),
      bodyExample: { content: '192.0.2.2' },
      responses: { 200: { description: 'The record as it is now.', schema: recordSchema } },
      errors: ['busy'],
    }),
    async (context) => {
      const { reason, ...patch } = context.body;
      const { zone, id } = context.params;
      await requireRecord(domains, context.reach, context.params);
      const changed = await changeZone(domains, context, {
        zone,
        kind: 'change',
        reason,
        edit: (draft) => {
          draft.update({ ...patch, id }, '');
        },
      });
      return json(200, changedRecord(changed, id));
    },
  );
