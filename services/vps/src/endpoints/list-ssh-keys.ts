import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { listSshKeys } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';
import { SSH_KEY_ROUTE, sshKeySchema, viewSshKey } from './ssh-key';

export function listSshKeysEndpoint({ service }: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      ...SSH_KEY_ROUTE,
      id: 'list-ssh-keys',
      method: 'GET',
      path: '/ssh-keys',
      summary: 'List SSH keys',
      description: 'Newest first.',
      scope: 'read',
      query: pageQuery.extend({
        name: z.string().max(128).optional().describe('Only keys of this name.'),
        fingerprint: z.string().max(128).optional().describe('Only the key with this fingerprint.'),
      }),
      responses: { 200: { description: 'A page of keys.', schema: pageOf(sshKeySchema) } },
    }),
    async ({ reach, query }) => {
      const { name, fingerprint } = query;
      const binding: CursorBinding = {
        account: reach.kind === 'account' ? reach.accountId : null,
        route: 'list-ssh-keys',
        filter: { name, fingerprint },
      };
      const request = readPage(query, service.cursors, binding);
      const rows = await listSshKeys(
        service.db.platform,
        reach,
        { name, fingerprint },
        { limit: request.limit, beforeSeq: request.after?.[0] ?? null },
      );
      return json(
        200,
        toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], viewSshKey),
      );
    },
  );
}
