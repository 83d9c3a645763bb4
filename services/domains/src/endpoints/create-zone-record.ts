// POST /zones/{zone}/records
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone } from '../zones/change-zone';
import { ZONE_ROUTE, reasonField, zoneParams } from '../zones/own-zone';
import { recordInput } from '../zones/record-fields';
import { changedRecord } from '../zones/changed-record';
import { recordSchema } from '../zones/zone-row';

export const createZoneRecord = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'create-zone-record',
      method: 'POST',
      path: '/zones/{zone}/records',
      scope: 'write',
      summary: 'Create a record',
      description: 'Adds one record. SOA and the name servers of the zone itself are ours.',
      params: zoneParams,
      body: recordInput.extend({ reason: reasonField }),
      bodyExample: { name: 'www', type: 'A', content: '192.0.2.1', ttl: 300 },
      responses: { 201: { description: 'Created.', schema: recordSchema } },
      errors: ['busy'],
    }),
    async (context) => {
      const { reason, ...input } = context.body;
      const changed = await changeZone(domains, context, {
        zone: context.params.zone,
        kind: 'change',
        reason,
        edit: (draft) => {
          draft.create(input, '');
        },
      });
      const record = changedRecord(changed);
      return json(201, record, { Location: `/api/v1/zones/${changed.zone.name}/records/${record.id}` });
    },
  );
