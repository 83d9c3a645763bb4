// GET /zones/{zone}/snapshots
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { listVersions } from '../store/zone-store';
import { ZONE_ROUTE, ownZone, zoneParams } from '../zones/own-zone';
import { versionSchema, viewVersion } from '../zones/version-view';

export const listZoneSnapshots = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'list-zone-snapshots',
      method: 'GET',
      path: '/zones/{zone}/snapshots',
      scope: 'read',
      summary: 'List the versions of a zone',
      description: 'Each change makes one. Newest first; the last 100 are kept, for 90 days.',
      params: zoneParams,
      query: pageQuery,
      responses: { 200: { description: 'A page of versions.', schema: pageOf(versionSchema) } },
    }),
    async ({ params, query, reach }) => {
      const zone = await ownZone(domains, reach, params.zone);
      const page = await pageOfRows({
        route: 'list-zone-snapshots',
        reach,
        of: zone.name,
        query,
        cursors: domains.service.cursors,
        read: (at) => listVersions(domains.db, zone.seq, at),
        position: bySeq,
        view: viewVersion,
      });
      return json(200, page);
    },
  );
