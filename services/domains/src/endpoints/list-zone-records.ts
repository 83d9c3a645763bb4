// GET /zones/{zone}/records
import { z } from 'zod';
import { defineRoute, invalid, pageOf, pageQuery } from '@lumi/shared/contract';
import { given } from '@lumi/shared/db';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { listRecords } from '../store/zone-store';
import { ZONE_ROUTE, ownZone, zoneParams } from '../zones/own-zone';
import { readPlace } from '../zones/record-fields';
import { recordSchema, viewRecord, type StoredRecord } from '../zones/zone-row';

export const listZoneRecords = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'list-zone-records',
      method: 'GET',
      path: '/zones/{zone}/records',
      scope: 'read',
      summary: 'List records of a zone',
      description: 'In the order in which they came. SOA and our own NS are not among them.',
      params: zoneParams,
      query: pageQuery.extend({
        name: z.string().min(1).max(1024).optional().describe('Only records of this name.'),
        type: z.string().min(1).max(16).optional().describe('Only records of this type.'),
      }),
      responses: { 200: { description: 'A page of records.', schema: pageOf(recordSchema) } },
    }),
    async ({ params, query, reach }) => {
      const zone = await ownZone(domains, reach, params.zone);
      const { name } = query.name === undefined ? { name: undefined } : readPlace(zone, query.name);
      if (name === null) throw invalid('name', 'is no name in this zone');
      const page = await pageOfRows({
        route: 'list-zone-records',
        reach,
        of: zone.name,
        query,
        cursors: domains.service.cursors,
        read: ({ limit, after }) =>
          listRecords(domains.db, zone.seq, given({ name, type: query.type?.toUpperCase() }), {
            limit,
            afterSeq: after?.[0] ?? null,
          }),
        position: bySeq,
        view: (row: StoredRecord & { readonly seq: bigint }) => viewRecord(row),
      });
      return json(200, page);
    },
  );
