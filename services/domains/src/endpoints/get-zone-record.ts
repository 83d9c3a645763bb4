// GET /zones/{zone}/records/{id}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { ZONE_ROUTE } from '../zones/own-zone';
import { recordParams } from '../zones/record-params';
import { requireRecord } from '../zones/require-record';
import { recordSchema, viewRecord } from '../zones/zone-row';

export const getZoneRecord = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'get-zone-record',
      method: 'GET',
      path: '/zones/{zone}/records/{id}',
      scope: 'read',
      summary: 'Get a record',
      description: 'One record of the zone.',
      params: recordParams,
      responses: { 200: { description: 'The record.', schema: recordSchema } },
    }),
    async ({ params, reach }) => json(200, viewRecord(await requireRecord(domains, reach, params))),
  );
