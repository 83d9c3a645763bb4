import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';
import { serverSchema, viewServer } from '../servers/server-view';

export function getServer(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-server',
      method: 'GET',
      path: '/servers/{id}',
      summary: 'Get a server',
      tag: 'Servers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'The server as it is now, with what can be done with it.',
      params: serverParams,
      responses: { 200: { description: 'The server.', schema: serverSchema } },
    }),
    async ({ reach, params }) => json(200, viewServer(await requireServer(vps, reach, params.id))),
  );
}
