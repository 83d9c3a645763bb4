// POST /zones/{zone}/changes
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone as change, viewChange } from '../zones/change-zone';
import { ZONE_ROUTE, reasonField, zoneParams } from '../zones/own-zone';
import { recordInput, recordPatch, setInput } from '../zones/record-fields';
import { changeSchema } from '../zones/zone-row';

const CHANGES_MAX = 1_000;
const id = z.string().min(1).max(64).describe('The id of a record of this zone.');

export const changeZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'change-zone',
      method: 'POST',
      path: '/zones/{zone}/changes',
      scope: 'write',
      summary: 'Change many records at once',
      description:
        'All of it or nothing. Deletes come first, then updates, sets and new records. `if_serial` refuses the ' +
        'change when the zone has another serial; `dry_run` only shows what would change. At most 1,000 records in ' +
        'all lists together.',
      params: zoneParams,
      bodyBytesMax: 1024 * 1024,
      body: z.object({
        if_serial: z.int().min(1).max(4_294_967_295).optional().describe('The serial that the zone must have.'),
        dry_run: z.boolean().optional().describe('Only shows what would change.'),
        reason: reasonField,
        deletes: z.array(id).max(CHANGES_MAX).optional().describe('Ids of records to delete.'),
        updates: z.array(recordPatch.extend({ id })).max(CHANGES_MAX).optional().describe('Records to change.'),
        rrsets: z
          .array(setInput)
          .max(CHANGES_MAX)
          .optional()
          .describe('Sets to replace; without values a set is deleted.'),
        creates: z.array(recordInput).max(CHANGES_MAX).optional().describe('Records to add.'),
      }),
      bodyExample: { creates: [{ name: 'www', type: 'A', content: '192.0.2.1', ttl: 300 }], reason: 'new web server' },
      responses: { 200: { description: 'What changed, or would change.', schema: changeSchema } },
      errors: ['busy', 'zone_changed'],
    }),
    async (context) => {
      const { if_serial: ifSerial, dry_run: dryRun = false, reason, ...input } = context.body;
      const sets = input.rrsets ?? [];
      const count =
        (input.deletes ?? []).length +
        (input.updates ?? []).length +
        (input.creates ?? []).length +
        sets.reduce((sum, { values }) => sum + Math.max(1, values.length), 0);
      if (count === 0) throw invalid('creates', 'or another list must have an item');
      if (count > CHANGES_MAX)
        throw invalid('creates', `and the other lists have more than ${String(CHANGES_MAX)} items`);
      const changed = await change(domains, context, {
        zone: context.params.zone,
        kind: 'change',
        reason,
        ifSerial,
        dryRun,
        edit: (draft) => {
          draft.apply(input);
        },
      });
      return json(200, viewChange(changed, dryRun));
    },
  );
