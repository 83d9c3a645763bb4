// DELETE /domains/{domain}/auth-code
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const revokeAuthCode = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'revoke-auth-code',
      method: 'DELETE',
      path: '/domains/{domain}/auth-code',
      tag: 'Transfers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Revoke the auth code',
      description: 'The domain cannot be transferred away until a new code is made.',
      params: domainParams,
      responses: {
        200: {
          description: 'There is no code any more.',
          schema: z.object({ domain: z.string(), auth_code_expires_at: z.null() }),
        },
      },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, principal }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const after = await changeAtRegistry(domains, row, { authCode: null }, principal.keyId);
      return json(200, { domain: after.name, auth_code_expires_at: after.auth_code_expires_at });
    },
  );
