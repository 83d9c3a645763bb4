import { z } from 'zod';
import { defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, RebuildItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { findImage, findPlan, fits } from '../store/catalogue';
import { ownedKeys } from '../store/ssh-keys';
import type { Vps } from '../vps';
import { confirmField, confirmed, serverParams, sshKeyIdsField, userDataField } from '../servers/fields';
import { requireServer } from './require-server';

const body = z.object({
  image_id: z.string().max(64).optional().describe('The present image, if absent.').meta({ example: 'debian-13' }),
  ssh_key_ids: sshKeyIdsField,
  password_mode: z.enum(['generate', 'none']).optional().describe('`generate` makes a root password, shown once on the operation. Without SSH keys that is the default.'),
  user_data: userDataField,
  confirm: confirmField,
});

export function rebuildServer(vps: Vps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'rebuild-server', method: 'POST', path: '/servers/{id}/actions/rebuild', summary: 'Rebuild a server', tag: 'Servers', scope: 'write', class: 'regular', reach: 'account',
      description: 'Installs the image anew. Everything on the disk is lost; addresses stay.',
      params: serverParams, body, bodyExample: { image_id: 'debian-13', confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being rebuilt; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId, body: wanted }) => {
      const server = await requireServer(vps, reach, params.id);
      confirmed(server, wanted.confirm);
      const keyIds = wanted.ssh_key_ids ?? [];
      const imageId = wanted.image_id ?? server.imageId;
      const [image, plan, keysAreOwn] = await Promise.all([
        findImage(vps.db, imageId), findPlan(vps.service.db.platform, server.planId), ownedKeys(vps.service.db.platform, server.accountId, keyIds),
      ]);
      if (image === null || plan === null || (image.deprecatedAt !== null && image.id !== server.imageId)) throw invalid('image_id', 'is not an image; see GET /images');
      if (!fits(image, plan)) throw invalid('image_id', 'does not run on this plan; see GET /images?plan_id=');
      if (!keysAreOwn) throw notFound();
      const password = (wanted.password_mode ?? (keyIds.length === 0 ? 'generate' : 'none')) === 'generate';
      return actionReply(await runAction<RebuildItem>(vps, {
        kind: actions.rebuild, deed: 'rebuild', server, principal, requestId, password, item: { image_id: image.id, password },
        change: sql`ssh_key_ids = ${[...keyIds]}::text[], user_data = ${wanted.user_data ?? null}::text,
          ssh_keys = ARRAY(SELECT k.public_key FROM vps.ssh_key k WHERE k.account_id = ${server.accountId} AND k.id = ANY (${[...keyIds]}::text[]) ORDER BY k.seq)`,
      }));
    },
  );
}
