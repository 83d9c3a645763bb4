// GET /zones
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { listZones as queryZones } from '../store/zone-store';
import { ZONE_ROUTE } from '../zones/own-zone';
import { viewZone, zoneSchema } from '../zones/zone-row';

export const listZones = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'list-zones',
      method: 'GET',
      path: '/zones',
      scope: 'read',
      summary: 'List zones',
      description: 'Your zones, newest first.',
      query: pageQuery,
      responses: { 200: { description: 'A page of zones.', schema: pageOf(zoneSchema) } },
    }),
    async ({ query, reach }) =>
      json(
        200,
        await pageOfRows({
          route: 'list-zones',
          reach,
          query,
          cursors: domains.service.cursors,
          read: (at) => queryZones(domains.db, reach, at),
          position: bySeq,
          view: viewZone,
        }),
      ),
  );
