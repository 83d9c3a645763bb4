// POST /zones
import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { readName } from '@lumi/shared/names';
import type { DomainsDeps } from '../deps';
import { findDomains } from '../store/domain-store';
import { deleteZone, findZone, insertZone } from '../store/zone-store';
import { ZONE_ROUTE, reasonField } from '../zones/own-zone';
import { viewZone, zoneSchema } from '../zones/zone-row';

export const createZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'create-zone',
      method: 'POST',
      path: '/zones',
      scope: 'write',
      summary: 'Create a zone',
      description:
        'An empty zone for a domain that you hold, or for a name below one. Where the zone belongs to an account ' +
        'that held the name before, that zone is deleted first.',
      body: z.object({
        zone: z.string().min(1).max(255).describe('The name of the zone, in Unicode or as A-labels.'),
        reason: reasonField,
      }),
      bodyExample: { zone: 'example.com' },
      responses: { 201: { description: 'Created.', schema: zoneSchema } },
      errors: ['already_owned', 'state_conflict'],
    }),
    async ({ accountId, principal, body }) => {
      const { value: read, reason } = readName(body.zone);
      if (reason !== undefined) throw invalid('zone', reason);
      const { db, clock } = domains.service;
      const account = { kind: 'account', accountId } as const;
      const held = await findDomains(db.platform, account, suffixesOf(read.name));
      const holding = [...held.keys()][0];
      if (holding === undefined)
        throw new AppError('state_conflict', 'This account holds no domain that this zone could belong to.');
      const author = { keyId: principal.keyId, reason: body.reason ?? null, now: clock.now() };
      const existing = await findZone(domains.db, { kind: 'all' }, read.name);
      if (existing?.account_id === accountId)
        throw new AppError('already_owned', 'This account has this zone already.');
      if (existing !== null) await deleteZone(db.platform, existing, clock.now());
      const zone = await insertZone(db.platform, { ...read, accountId, holding }, author);
      if (zone === null) throw new AppError('state_conflict', 'The zone, or its domain, changed meanwhile; try again.');
      return json(201, viewZone(zone), { Location: `/api/v1/zones/${zone.name}` });
    },
  );

/** The name and all above it, but no top-level domain. */
function suffixesOf(name: string): readonly string[] {
  const labels = name.split('.');
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'));
}
