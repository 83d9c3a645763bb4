import { z } from 'zod';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { joinSql, sql } from '@lumi/shared/db';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, RebuildItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { findImage, findPlan, fits } from '../catalogue/catalogue';
import { ownedKeys } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';
import {
  confirmField,
  confirmed,
  serverParams,
  sshKeyIdsField,
  userDataBase64Field,
  userDataField,
  userDataOf,
} from '../servers/fields';
import { passwordWanted } from '../servers/login';
import { findBuildData } from '../store/build-data';
import { requireServer } from './require-server';

const body = z.object({
  image_id: z.string().max(64).optional().describe('The present image, if absent.').meta({ example: 'debian-13' }),
  ssh_key_ids: sshKeyIdsField.describe(
    'Keys that may log in as the default user. Absent: those the server has. `[]` takes them away.',
  ),
  password_mode: z
    .enum(['generate', 'none'])
    .optional()
    .describe('`generate` makes a root password, to be read on the operation. Without SSH keys that is the default.'),
  user_data: userDataField
    .nullable()
    .describe('cloud-init user data, at most 64 KiB. Absent: what the server was made with; `null` for none.'),
  user_data_base64: userDataBase64Field,
  confirm: confirmField,
});

export function rebuildServer(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'rebuild-server',
      bodyBytesMax: 128 * 1024,
      method: 'POST',
      path: '/servers/{id}/actions/rebuild',
      summary: 'Rebuild a server',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Installs the image anew. Everything on the disk is lost; addresses stay, and so do SSH keys and ' +
        'user data unless you send others.',
      params: serverParams,
      body,
      bodyExample: { image_id: 'debian-13', confirm: 'web-1.example.com' },
      responses: { 202: { description: 'Being rebuilt; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId, body: wanted }) => {
      const server = await requireServer(vps, reach, params.id);
      confirmed(server, wanted.confirm);
      const keyIds = wanted.ssh_key_ids;
      const userData = userDataOf(wanted);
      const keepsUserData = wanted.user_data === undefined && wanted.user_data_base64 === undefined;
      const imageId = wanted.image_id ?? server.imageId;
      const { platform } = vps.service.db;
      const [image, plan, keysAreOwn, made] = await Promise.all([
        findImage(vps.db, imageId),
        findPlan(platform, server.planId),
        ownedKeys(vps.db, server.accountId, keyIds ?? []),
        findBuildData(vps.db, server.id),
      ]);
      if (image === null || plan === null || (image.deprecatedAt !== null && image.id !== server.imageId))
        throw invalid('image_id', 'is not an image; see GET /images');
      if (!fits(image, plan)) throw invalid('image_id', 'does not run on this plan; see GET /images?plan_id=');
      if (!image.cloudInit && ((keyIds ?? []).length > 0 || userData !== null))
        throw invalid('image_id', 'takes neither SSH keys nor user_data');
      if (!keysAreOwn) throw notFound();
      const password = passwordWanted({
        passwordMode: wanted.password_mode,
        keys: keyIds?.length ?? made?.sshKeys.length ?? 0,
        hasUserData: keepsUserData ? (made?.userData ?? null) !== null : userData !== null,
        hasCloudInit: image.cloudInit,
      });
      if (password instanceof AppError) throw password;
      const changes = [
        ...(keepsUserData ? [] : [sql`user_data = ${userData === null ? null : new Uint8Array(userData)}::bytea`]),
        ...(keyIds === undefined
          ? []
          : [
              sql`ssh_key_ids = ${[...keyIds]}::text[],
          ssh_keys = ARRAY(SELECT k.public_key FROM vps.ssh_key k WHERE k.account_id = ${server.accountId}
            AND k.id = ANY (${[...keyIds]}::text[]) ORDER BY k.seq)`,
            ]),
      ];
      return actionReply(
        await runAction<RebuildItem>(vps, {
          kind: actions.rebuild,
          action: 'rebuild',
          server,
          principal,
          requestId,
          password,
          item: { image_id: image.id, password },
          ...(changes.length === 0 ? {} : { change: joinSql(changes, ', ') }),
        }),
      );
    },
  );
}
