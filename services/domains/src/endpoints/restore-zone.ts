// POST /zones/{zone}/snapshots/{id}/restore
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { versionsSince } from '../store/zone-store';
import { changeRecords, viewChange } from '../zones/change-zone';
import { undo } from '../zones/diff';
import { ZONE_ROUTE, reasonField } from '../zones/own-zone';
import { snapshotParams } from '../zones/record-params';
import { changeSchema } from '../zones/zone-row';

export const restoreZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'restore-zone',
      method: 'POST',
      path: '/zones/{zone}/snapshots/{id}/restore',
      scope: 'write',
      summary: 'Restore a version of a zone',
      description:
        'The records become exactly those that the zone had after this version, with their ids. That is a change of ' +
        'its own, with a version and a new serial, so it can be undone.',
      params: snapshotParams,
      body: z.object({
        if_serial: z.int().min(1).max(4_294_967_295).optional().describe('The serial that the zone must have.'),
        dry_run: z.boolean().optional().describe('Only shows what would change.'),
        reason: reasonField,
      }),
      bodyExample: { dry_run: true },
      responses: { 200: { description: 'What changed, or would change.', schema: changeSchema } },
      errors: ['busy', 'zone_changed'],
    }),
    async (context) => {
      const { if_serial: ifSerial, dry_run: dryRun = false, reason } = context.body;
      const { zone, id } = context.params;
      const changed = await changeRecords(
        domains,
        context,
        { zone, kind: 'restore', reason, ifSerial, dryRun },
        async (row, before) => {
          const versions = await versionsSince(domains.db, row.seq, id);
          if (versions.length === 0) throw notFound();
          return versions.slice(0, -1).reduce(undo, before);
        },
      );
      return json(200, viewChange(changed, dryRun));
    },
  );
