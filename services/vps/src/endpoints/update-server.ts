import { z } from 'zod';
import { actorOf, autoRenewAct, noted } from '@lumi/shared/audit-log';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { autoRenewField, metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { serverSchema, viewServer } from '../servers/server-view';
import { patchServer } from '../store/server-changes';
import type { VpsDeps } from '../deps';
import { labelField, serverParams } from '../servers/fields';
import { requireServer } from './require-server';

const body = z.object({
  label: labelField.nullable(),
  auto_renew: autoRenewField,
  protection: z
    .boolean()
    .optional()
    .describe(
      'Protected servers cannot be deleted, rebuilt or put back to a snapshot, and their snapshots cannot be deleted.',
    ),
  reference: referenceField.nullable(),
  tags: tagsField,
  metadata: metadataField.nullable(),
});

export function updateServer(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'update-server',
      method: 'PATCH',
      path: '/servers/{id}',
      summary: 'Change a server',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      autoRenew: ['auto_renew'],
      description: 'Changes what is given and leaves the rest. `null` empties a field.',
      params: serverParams,
      body,
      bodyExample: { auto_renew: true, tags: ['client-a'] },
      responses: { 200: { description: 'The server as it is now.', schema: serverSchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const { reach, params, body: patch } = context;
      const server = await requireServer(vps, reach, params.id);
      if (patch.auto_renew === true && server.deleteAtExpiry)
        throw new AppError('state_conflict', 'The server will be deleted when it expires; take that back first.');
      if (patch.auto_renew === true)
        await noted(
          vps.service.db,
          actorOf(context),
          (tx) => patchServer(tx, server.id, patch),
          () => [autoRenewAct(server.id, server.accountId, server.autoRenew)],
        );
      else await patchServer(vps.service.db.platform, server.id, patch);
      return json(200, viewServer(await requireServer(vps, reach, params.id)));
    },
  );
}
