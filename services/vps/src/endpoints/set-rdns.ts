import { z } from 'zod';
import { addressField } from '@lumi/shared/addresses';
import { defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { Actions, RdnsItem } from '../actions/actions';
import { actionReply, operationAccepted, runAction } from '../actions/run-action';
import { findLocation } from '../catalogue/catalogue';
import type { VpsDeps } from '../deps';
import { reverseNameField, serverParams } from '../servers/fields';
import { requireServer } from './require-server';

export function setRdns(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'set-rdns',
      method: 'PUT',
      path: '/servers/{id}/ips/{ip}/rdns',
      summary: 'Set the reverse name of an address',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'What a PTR look-up of the address answers. `null` takes it away. Point the name at the address ' +
        'too: many mail servers check that both agree.',
      params: serverParams.extend({ ip: addressField.describe('An address of the server.') }),
      body: z.object({ ptr: reverseNameField.nullable().describe('The name, or null.') }),
      bodyExample: { ptr: 'web-1.example.com' },
      responses: { 202: { description: 'Being set; poll the operation.', schema: operationAccepted } },
      errors: ['busy', 'state_conflict', 'suspended'],
    }),
    async ({ reach, params, principal, requestId, body }) => {
      const server = await requireServer(vps, reach, params.id);
      if (!server.addresses.some(({ ip }) => ip === params.ip)) throw notFound();
      const location = await findLocation(vps.db, server.locationId);
      if (location?.features.includes('rdns') !== true)
        throw invalid('ip', 'cannot have a reverse name in this location');
      return actionReply(
        await runAction<RdnsItem>(vps, {
          kind: actions.setRdns,
          action: 'set_rdns',
          server,
          item: { ip: params.ip, ptr: body.ptr },
          principal,
          requestId,
        }),
      );
    },
  );
}
