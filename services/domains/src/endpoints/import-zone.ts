// POST /zones/{zone}/import
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeZone, viewChange } from '../zones/change-zone';
import { importInto } from '../zones/import-file';
import { ZONE_ROUTE, labelsOf, ownZone, reasonField, zoneParams } from '../zones/own-zone';
import { changeSchema } from '../zones/zone-row';

const FILE_MAX = 1024 * 1024;

export const importZone = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      ...ZONE_ROUTE,
      id: 'import-zone',
      method: 'POST',
      path: '/zones/{zone}/import',
      scope: 'write',
      summary: 'Import a zone file',
      description:
        'A master file as BIND writes it, with `$ORIGIN` and `$TTL`; `$INCLUDE` and `$GENERATE` are refused. `merge` ' +
        'adds what the zone lacks, `replace` leaves exactly the records of the file. The SOA and the name servers of ' +
        'the zone itself are left out, because they are ours. What is wrong is named by line and column.',
      params: zoneParams,
      bodyBytesMax: FILE_MAX,
      body: z.object({
        content: z.string().min(1).max(FILE_MAX).describe('The file.').meta({ example: 'www 300 IN A 192.0.2.1\n' }),
        mode: z.enum(['merge', 'replace']).describe('What becomes of the records that the zone has.'),
        dry_run: z.boolean().optional().describe('Only shows what would change.'),
        reason: reasonField,
      }),
      bodyExample: { content: 'www 300 IN A 192.0.2.1\n', mode: 'merge' },
      responses: { 200: { description: 'What changed, or would change.', schema: changeSchema } },
      errors: ['busy'],
    }),
    async (context) => {
      const { content, mode, dry_run: dryRun = false, reason } = context.body;
      const zone = labelsOf(await ownZone(domains, context.reach, context.params.zone));
      const changed = await changeZone(domains, context, {
        zone: context.params.zone,
        kind: 'import',
        reason,
        dryRun,
        edit: (draft) => {
          importInto(draft, content, zone, mode);
        },
      });
      return json(200, viewChange(changed, dryRun));
    },
  );
