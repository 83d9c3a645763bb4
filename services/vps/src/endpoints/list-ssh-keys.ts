import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
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
      const page = await pageOfRows({
        route: 'list-ssh-keys',
        reach,
        query,
        cursors: service.cursors,
        read: (at) => listSshKeys(service.db.platform, reach, query, at),
        position: bySeq,
        view: viewSshKey,
      });
      return json(200, page);
    },
  );
}
