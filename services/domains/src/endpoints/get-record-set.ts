// GET /zones/{zone}/rrsets/{name}/{type}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { setOf } from '../store/zone-store';
import { ZONE_ROUTE, ownZone } from '../zones/own-zone';
import { readPlace } from '../zones/record-fields';
import { setParams } from '../zones/record-params';
import { setSchema, viewSet } from '../zones/set-view';

export const getRecordSet = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'get-record-set',
      method: 'GET',
      path: '/zones/{zone}/rrsets/{name}/{type}',
      scope: 'read',
      summary: 'Get a record set',
      description: 'All records of one name and type.',
      params: setParams,
      responses: { 200: { description: 'The set.', schema: setSchema } },
    }),
    async ({ params, reach }) => {
      const zone = await ownZone(domains, reach, params.zone);
      const { name } = readPlace(zone, params.name);
      const records = name === null ? [] : await setOf(domains.db, zone.seq, name, params.type.toUpperCase());
      return json(200, viewSet(records));
    },
  );
