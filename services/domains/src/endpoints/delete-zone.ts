// DELETE /zones/{zone}
import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { deleteZone as removeZone } from '../store/zone-store';
import { ZONE_ROUTE, ownZone, zoneParams } from '../zones/own-zone';

export const deleteZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'delete-zone',
      method: 'DELETE',
      path: '/zones/{zone}',
      scope: 'write',
      summary: 'Delete a zone',
      description: 'With all its records and versions. It cannot be undone; export the zone first.',
      params: zoneParams,
      responses: { 200: { description: 'Deleted.', schema: z.object({ zone: z.string(), deleted: z.literal(true) }) } },
      errors: ['busy'],
    }),
    async ({ params, reach }) => {
      const zone = await ownZone(domains, reach, params.zone);
      if (!(await removeZone(domains.service.db.platform, zone, domains.service.clock.now())))
        throw new AppError('busy', 'The zone is being changed; try again.', { retryAfterS: 1 });
      return json(200, { zone: zone.name, deleted: true });
    },
  );
