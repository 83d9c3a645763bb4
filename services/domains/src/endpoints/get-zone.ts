// GET /zones/{zone}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { ZONE_ROUTE, ownZone, zoneParams } from '../zones/own-zone';
import { viewZone, zoneSchema } from '../zones/zone-row';

export const getZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'get-zone',
      method: 'GET',
      path: '/zones/{zone}',
      scope: 'read',
      summary: 'Get a zone',
      description: 'The zone with its serial, which `if_serial` of a change can require.',
      params: zoneParams,
      responses: { 200: { description: 'The zone.', schema: zoneSchema } },
    }),
    async ({ params, reach }) => json(200, viewZone(await ownZone(domains, reach, params.zone))),
  );
