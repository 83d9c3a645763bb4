// PUT /zones/{zone}/rrsets/{name}/{type}
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone } from '../zones/change-zone';
import { ZONE_ROUTE, reasonField } from '../zones/own-zone';
import { readPlace, ttl, values } from '../zones/record-fields';
import { setParams } from '../zones/record-params';
import { setSchema, viewSet } from '../zones/set-view';

export const setRecordSet = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'set-record-set',
      method: 'PUT',
      path: '/zones/{zone}/rrsets/{name}/{type}',
      scope: 'write',
      summary: 'Set a record set',
      description:
        'Replaces all records of one name and type. Sending it again changes nothing. A record whose content stays ' +
        'keeps its id and comment.',
      params: setParams,
      bodyBytesMax: 1024 * 1024,
      body: z.object({ ttl: ttl.optional(), values: values.min(1), reason: reasonField }),
      bodyExample: { ttl: 300, values: ['192.0.2.1', '192.0.2.2'] },
      responses: { 200: { description: 'The set as it is now.', schema: setSchema } },
      errors: ['busy'],
    }),
    async (context) => {
      const { reason, ...set } = context.body;
      const { zone, name, type } = context.params;
      const changed = await changeZone(domains, context, {
        zone,
        kind: 'change',
        reason,
        edit: (draft) => {
          draft.replaceSet({ ...set, name, type }, '');
        },
      });
      const place = readPlace(changed.zone, name).name;
      return json(200, viewSet(changed.next.filter((one) => one.name === place && one.type === type.toUpperCase())));
    },
  );
