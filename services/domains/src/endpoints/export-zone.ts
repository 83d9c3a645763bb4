// GET /zones/{zone}/export
import { defineRoute } from '@lumi/shared/contract';
import { endpoint } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { readLabels } from '../dns/name';
import { writeZoneFile } from '../dns/zone-file';
import { recordsOf } from '../store/zone-store';
import { apexRecords } from '../zones/apex';
import { ZONE_ROUTE, labelsOf, ownZone, zoneParams } from '../zones/own-zone';

/** Equal records give equal files, whatever happened between them. */
const SERIAL = 1;

export const exportZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'export-zone',
      method: 'GET',
      path: '/zones/{zone}/export',
      scope: 'read',
      summary: 'Export a zone file',
      description:
        'A master file as BIND reads it. Disabled records and comments are not in it. The serial in it is always 1, ' +
        'so that equal records give equal files; `GET /zones/{zone}` has the serial.',
      params: zoneParams,
      responses: { 200: { description: 'The file.', contentType: 'text/plain' } },
    }),
    async ({ params, reach }) => {
      const zone = await ownZone(domains, reach, params.zone);
      const labels = labelsOf(zone);
      const records = (await recordsOf(domains.db, zone.seq))
        .filter(({ disabled }) => !disabled)
        .map((record) => ({ ...record, name: readLabels(record.name, labels) }));
      const text = writeZoneFile(labels, [...apexRecords(labels, SERIAL), ...records]);
      return { status: 200, bytes: Buffer.from(text), contentType: 'text/plain; charset=utf-8' };
    },
  );
